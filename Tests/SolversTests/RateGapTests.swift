import Glibc
import Hessian
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Solvers

/// Gaussian rows on the best evenly spaced points for them, in the metric of a given Hessian.
private func gap(
  bits: Int, step: Float, size: Float = 1, hessian: Matrix
) throws -> (gap: RateGap, loss: Double) {
  let n = hessian.columns
  let weights = Matrix.gaussian(200, n, scale: Double(size), seed: 9)
  let scheme = try Scheme(bits: bits, points: .offset, granularity: .channel)
  let scale = step * size
  let grid = Grid(
    scheme: scheme, groupSize: n, scales: Matrix(rows: 200, columns: 1) { _, _ in scale },
    offsets: Matrix(rows: 200, columns: 1) { _, _ in -scale * Float(1 << bits - 1) / 2 })
  let found = QuantizedWeight(nearest: weights, on: grid)
  let input = try InputStatistics(secondMoment: hessian)
  let factor = try DampedFactor(of: input, order: .natural, damping: RateGap.damping)
  var moment = Matrix(rows: n, columns: n)
  moment.addSecondMoment(of: found.dequantized().difference(to: weights))
  let loss = input.trace(withUpper: moment)
  return (
    try #require(RateGap(weights, found, loss: loss, factor, bitsPerGroup: 32)), loss
  )
}

@Suite struct `The distance to the limit` {
  /// Max 1960, Quantizing for minimum distortion, table II: the steps and distortions of the best
  /// uniform quantizers of a standard normal variable.
  @Test(arguments: [(2, 0.9957, 0.1188), (3, 0.5860, 0.03744), (4, 0.3352, 0.01154)])
  func `is that of Max's uniform quantizers for Gaussian weights`(
    bits: Int, step: Float, distortion: Double
  ) throws {
    let identity = Matrix(rows: 256, columns: 256) { $0 == $1 ? 1 : 0 }
    let exact = 0.5 * log2(distortion) + Double(bits)
    for size in [1, 0.02] as [Float] {
      let found = try gap(bits: bits, step: step, size: size, hessian: identity).gap
      #expect(abs(found.gap - exact) < 0.02, "\(found.gap), expected \(exact)")
      #expect(abs(found.total - found.gap - 32.0 / 256) < 1e-9)
      let causes = try #require(found.causes)
      #expect(abs(causes.order) < 1e-4)
      #expect(abs(causes.cell - 0.2546) < 1e-4)
    }
  }

  @Test(arguments: [2, 3, 4, 8])
  func `is the sum of its causes`(bits: Int) throws {
    let x = Matrix.activations(tokens: 600, channels: 96, seed: 3)
    let input = InputStatistics(of: x)
    let (found, _) = try gap(
      bits: bits, step: 6 / Float(1 << bits), hessian: input.block(0..<96))
    let causes = try #require(found.causes)
    #expect(
      abs(causes.order + causes.cell + causes.loading + causes.clipping - found.gap) < 1e-9)
    #expect(causes.order > 0)
  }

  @Test func `does not depend on the sizes of inputs and weights`() throws {
    let input = InputStatistics(of: .activations(tokens: 600, channels: 64, seed: 4))
    var large = input.block(0..<64)
    large.multiply(by: 1024)
    let a = try gap(bits: 3, step: 0.6, hessian: input.block(0..<64)).gap
    let b = try gap(bits: 3, step: 0.6, size: 8, hessian: large).gap
    #expect(abs(a.gap - b.gap) < 1e-4)
  }

  @Test func `is unknown where the inputs leave a direction open`() throws {
    let x = Matrix.activations(tokens: 600, channels: 32, seed: 5).zeroing(columns: [3])
    let input = CalibratedInput(calibration: InputStatistics(of: x))
    let recipe = Recipe(
      scheme: try Scheme(bits: 4, symmetric: false, granularity: .group(16)),
      gridRule: GridRule(range: .squaredError, scaleFormat: .float16),
      rounding: NearestPlaneRounding())
    let weights = Matrix.gaussian(8, 32, seed: 6)
    func solve(_ input: CalibratedInput) throws -> LinearSolution {
      try StageSession(StageProblem([weights], input: input))
        .solve(recipe, measuringRows: true).linears[0]
    }
    #expect(try solve(input).gap == nil)
    let full = CalibratedInput(
      calibration: InputStatistics(of: .activations(tokens: 600, channels: 32, seed: 5)))
    let gap = try #require(try solve(full).gap)
    #expect((0.3...1.2).contains(gap.gap))
  }
}
