// LLM.int8(): which channels stay in 16 bit, and what that does.

import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

/// Inputs whose channels 3 and 17 reach 20 and 40, and none of the others 6.
private let inputs = Matrix(rows: 64, columns: 32) { token, channel in
  let base = Matrix.ordinary[token, channel]
  switch channel {
  case 3: return token == 9 ? 20 : base
  case 17: return token == 40 ? -40 : base
  default: return base
  }
}

extension Matrix {
  fileprivate static let ordinary: Matrix = {
    let x = Matrix.gaussian(64, 32, seed: 1)
    return Matrix(rows: 64, columns: 32) { max(-5, min(5, x[$0, $1])) }
  }()
}

private func solve(
  _ rule: OutlierRule?, _ rounding: any Rounding = NearestRounding(),
  _ granularity: ActivationScheme.Granularity = .token
) throws -> LinearSolution {
  let recipe = Recipe(
    scheme: try Scheme(bits: 8, symmetric: true, granularity: .channel),
    gridRule: GridRule(range: .minMax, scaleFormat: .float16), rounding: rounding,
    activations: ActivationRule(ActivationScheme(granularity: granularity, symmetric: true)),
    outliers: rule)
  return try recipe.solve(
    LinearProblem(name: "test", weights: weights),
    input: CalibratedInput(calibration: InputStatistics(of: inputs)))
}

private let weights = Matrix.gaussian(12, 32, scale: 0.1, seed: 2)

@Suite struct `Outlier channels` {
  @Test(
    arguments: [
      (.paper, [3, 17]), (.threshold(20), [3, 17]), (.threshold(20.5), [17]),
      (.threshold(50), []), (.largest(0), []), (.largest(1), [17]), (.largest(2), [3, 17]),
      (.largest(32), Array(0..<32)), (.largest(99), Array(0..<32)), (.largest(-1), []),
    ] as [(OutlierRule, [Int])])
  func `are those that the rule names`(rule: OutlierRule, expected: [Int]) throws {
    let solution = try solve(rule)
    #expect(solution.linear.kept?.channels ?? [] == expected)
    let report = try #require(solution.outliers)
    #expect(report.channels == expected.count)
    #expect(report.shareOfChannels == Double(expected.count) / 32)
    if expected.isEmpty { #expect(report.shareOfError == 0) }
  }

  @Test(arguments: [true, false], [ActivationScheme.Granularity.token, .tensor])
  func `stay as they are, and the rest is quantized as if they were zero`(
    isNearest: Bool, granularity: ActivationScheme.Granularity
  ) throws {
    let rounding: any Rounding = isNearest ? NearestRounding() : NearestPlaneRounding()
    let solution = try solve(.paper, rounding, granularity)
    let found = solution.linear.dequantized()
    for row in 0..<12 {
      let rest = (0..<32).filter { $0 != 3 && $0 != 17 }
      for channel in [3, 17] {
        #expect(found[row, channel] == FloatFormat.float16.rounded(weights[row, channel]))
      }
      let largest = rest.map { abs(weights[row, $0]) }.max() ?? 0
      let scale = FloatFormat.float16.rounded(2 * largest / 255)
      #expect(solution.quantized.grid.scales[row, 0] == scale)
      #expect(solution.quantized.codes[row * 32 + 3] == 128)
    }
    // The range of a static grid is that of the ordinary channels alone.
    if let grid = solution.linear.activations?.grid {
      #expect(grid.scale <= 5 / 127 + 1e-6)
    } else {
      #expect(granularity == .token)
    }
  }

  @Test func `are alive, and so not among the dead channels`() throws {
    let solution = try solve(.paper, NearestPlaneRounding())
    #expect(solution.linear.kept?.channels == [3, 17])
    #expect(solution.conditioning?.deadChannels == 0)
  }

  @Test func `take most of the error with them`() throws {
    let (kept, plain) = (try solve(.paper), try solve(nil))
    let (a, b) = (try #require(kept.error.activation), try #require(plain.error.activation))
    #expect(a < 0.5 * b)
    let share = try #require(kept.outliers).shareOfError
    #expect(share > 0.2 && share < 1)
    #expect(plain.outliers == nil && plain.linear.kept == nil)
    // The share by its definition, on all tokens: so few are all in the sample.
    func error(_ solution: LinearSolution) throws -> Double {
      let rounded = try #require(solution.linear.activations)
        .rounded(inputs, keeping: solution.linear.kept?.channels ?? [])
      let found = DoubleMatrix(rounded) * DoubleMatrix(solution.linear.dequantized()).transposed
      let difference = found - DoubleMatrix(inputs) * DoubleMatrix(weights).transposed
      return difference.elements.reduce(0) { $0 + $1 * $1 }
    }
    #expect(abs(share - (1 - (try error(kept)) / (try error(plain)))) < 1e-3)
  }

  @Test func `need statistics`() throws {
    let recipe = Recipe(
      scheme: try Scheme(bits: 8, symmetric: true, granularity: .channel),
      gridRule: GridRule(range: .minMax, scaleFormat: .float16), rounding: NearestRounding(),
      activations: ActivationRule(ActivationScheme(granularity: .token, symmetric: true)),
      outliers: .paper)
    let error = #expect(throws: StageError.self) {
      try recipe.solve(LinearProblem(name: "a", weights: weights))
    }
    #expect(error?.description.contains("outliers needs calibration") == true)
  }
}
