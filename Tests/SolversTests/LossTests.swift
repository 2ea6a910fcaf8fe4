import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

/// A solve with all its parts: the question, the answer, and the factor that was used.
private struct Solved {
  let weights: Matrix
  let scheme: Scheme
  let hessian: DoubleMatrix
  let factor: DampedFactor
  let quantized: QuantizedWeight

  init(rows: Int, _ calibrated: Calibrated, _ scheme: Scheme) throws {
    let input = calibrated.input
    weights = .heavyTailed(rows, calibrated.columns, scale: 0.02, seed: calibrated.seed)
    self.scheme = scheme
    hessian = .secondMoment(of: calibrated.activations)
    factor = try DampedFactor(
      of: #require(input.calibration), order: calibrated.order,
      groupSize: scheme.groupSize(columns: calibrated.columns), damping: Damping(share: 0.01))
    let grid = try GridRule(range: .minMax, scaleFormat: .float16)
      .grid(for: weights, scheme: scheme)
    quantized = try NearestPlaneRounding(order: calibrated.order).prepared(
      for: RoundingInput(input), scheme
    )
    .round(weights, on: grid)
  }

  /// The columns in the positions of the factor.
  var positions: [Int] { factor.order.reversed() }

  /// D = W − Ŵ.
  var error: DoubleMatrix { DoubleMatrix(weights) - DoubleMatrix(quantized.dequantized()) }

  /// tⱼ − ŵⱼ = dⱼ + Σ_{k>j} (Rⱼₖ/Rⱼⱼ) d_k in the positions of the factor: `[rows, n]`.
  var residuals: DoubleMatrix {
    let error = error
    let reordered = DoubleMatrix(rows: error.rows, columns: error.columns) {
      error[$0, positions[$1]]
    }
    return reordered * DoubleMatrix(factor.unitRows).transposed
  }
}

@Suite struct `The loss of a solve` {
  @Test(arguments: Calibrated.every(columns: [48, 130], tokens: 256, seeds: [1, 2]))
  func `is the pivots times the squared residuals`(calibrated: Calibrated) throws {
    let scheme = try Scheme(bits: 3, symmetric: false, granularity: .channel)
    let solved = try Solved(rows: 19, calibrated, scheme)
    let n = calibrated.columns
    let damped = solved.hessian.addingToDiagonal(0.01 * solved.hessian.trace / Double(n))
    let upper = TextbookGPTQ.inverseFactor(
      of: solved.hessian, damping: 0.01, order: solved.factor.order)
    let textbook = TextbookGPTQ(
      solved.weights, upper: upper, order: solved.factor.order, grid: solved.quantized.grid)
    let (error, residuals) = (solved.error, solved.residuals)
    for row in 0..<19 where textbook.margins[row] > 1e-4 {
      let d = DoubleMatrix(rows: 1, columns: n) { error[row, $1] }
      let loss = (d * damped * d.transposed).trace
      let sum = (0..<n).reduce(0.0) {
        let residual = residuals[row, $1]
        return $0 + solved.factor.pivots[$1] * residual * residual
      }
      #expect(abs(sum - loss) <= 1e-5 * loss)
      #expect(abs(textbook.losses[row] - loss) <= 1e-5 * loss)
    }
  }

  @Test(arguments: Calibrated.every(columns: [65, 200], tokens: 300, seeds: [3]), [2, 3, 4, 8])
  func `leaves no residual above half a step, except where codes end`(
    calibrated: Calibrated, bits: Int
  ) throws {
    let scheme = try Scheme(bits: bits, symmetric: true, granularity: .group(5))
    let solved = try Solved(rows: 21, calibrated, scheme)
    let (residuals, positions) = (solved.residuals, solved.positions)
    for row in 0..<21 {
      for (p, column) in positions.enumerated() {
        let scale = Double(solved.quantized.grid.scales[row, column / 5])
        let steps = residuals[row, p] / scale
        switch Int(solved.quantized.codes[row * calibrated.columns + column]) {
        case 0: #expect(steps <= 0.501)
        case scheme.largestCode: #expect(steps >= -0.501)
        default: #expect(abs(steps) <= 0.501)
        }
      }
    }
  }

  @Test(arguments: Calibrated.every(columns: [64, 128], tokens: 256, seeds: [1, 2, 3, 4]))
  func `is below nine tenths of that of rounding to nearest, in all these cases`(
    calibrated: Calibrated
  ) throws {
    for scheme in Scheme.every(bits: [2, 3, 4, 8], [.channel, .group(32)]) {
      let weights = Matrix.heavyTailed(24, calibrated.columns, scale: 0.02, seed: calibrated.seed)
      let linear = LinearProblem(name: "test", weights: weights)
      func loss(_ rounding: any Rounding) throws -> Double {
        let rule = GridRule(range: .squaredError, scaleFormat: .float16)
        let recipe = Recipe(scheme: scheme, gridRule: rule, rounding: rounding)
        return try #require(try recipe.solve(linear, input: calibrated.input).error.calibration)
      }
      let gptq = try loss(NearestPlaneRounding(order: calibrated.order))
      #expect(gptq < 0.9 * (try loss(NearestRounding())))
    }
  }
}
