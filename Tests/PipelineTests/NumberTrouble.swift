import Hessian
import LinearAlgebra
import Solvers
import TestSupport
import Testing

/// Weights and inputs whose numbers invite a method to go wrong.
struct NumberTrouble: Sendable, CustomTestStringConvertible {
  let testDescription: String
  var weights = Matrix.heavyTailed(6, 32, scale: 0.02, seed: 1)
  var tokens: Matrix
  var heldOut = Matrix.activations(tokens: 12, channels: 32, seed: 3)

  /// Ordinary weights and inputs.
  init(_ name: String, tokens count: Int = 40) {
    testDescription = name
    tokens = .activations(tokens: count, channels: 32, seed: 2)
  }

  /// A problem with other weights, made from the row, the column and the ordinary weight.
  static func weights(_ name: String, _ value: (Int, Int, Float) -> Float) -> NumberTrouble {
    var result = NumberTrouble(name)
    result.weights = result.weights.mapped(value)
    return result
  }

  /// A problem with other inputs, made from the token, the channel and the ordinary input.
  static func inputs(_ name: String, _ value: (Int, Int, Float) -> Float) -> NumberTrouble {
    var result = NumberTrouble(name)
    (result.tokens, result.heldOut) = (result.tokens.mapped(value), result.heldOut.mapped(value))
    return result
  }

  /// What a solver is told of the inputs; those of the full-precision model differ by a hundredth.
  func input(_ parts: InputStatistics.Parts) -> CalibratedInput {
    func statistics(_ x: Matrix, _ parts: InputStatistics.Parts) -> InputStatistics {
      var result = InputStatistics(channels: x.columns, collecting: parts)
      result.add(x, reference: parts.contains(.mismatch) ? x.mapped { 1.01 * $2 } : nil)
      return result
    }
    return CalibratedInput(
      calibration: statistics(tokens, parts),
      heldOut: statistics(heldOut, parts.contains(.mismatch) ? .deviation : []))
  }

  /// The problem as a stage of one Linear, "a.linear", whose input may be scaled.
  func stage(_ parts: InputStatistics.Parts) -> StageProblem {
    let linear = LinearProblem(name: "a.linear", weights: weights)
    return StageProblem(
      [StageProblem.Group([linear], input: input(parts))], scaling: InputScaling())
  }

  /// Numbers that are finite, however large, small or alike.
  static let finite = [
    NumberTrouble("nothing wrong"),
    NumberTrouble("fewer tokens than channels", tokens: 7),
    NumberTrouble("a single token", tokens: 1),
    inputs("the same token throughout") { _, j, _ in Float(j % 5) - 1.75 },
    inputs("inputs of zero") { _, _, _ in 0 },
    inputs("channels that are never active") { [0, 3, 16, 31].contains($1) ? 0 : $2 },
    inputs("a group that is never active") { $1 < 16 ? 0 : $2 },
    inputs("inputs of 1e12") { 1e12 * $2 },
    inputs("inputs of 1e18") { 1e18 * $2 },
    inputs("a channel of 1e18") { $1 == 7 ? 1e18 * $2 : $2 },
    inputs("a channel of 1e25") { $1 == 7 ? 1e25 * $2 : $2 },
    inputs("inputs of 1e-12") { 1e-12 * $2 },
    inputs("inputs of 1e-18") { 1e-18 * $2 },
    weights("rows of zeros") { $0 % 2 == 0 ? 0 : $2 },
    weights("weights of zero") { _, _, _ in 0 },
    weights("constant rows") { i, _, _ in Float(i - 3) / 7 },
    weights("a row of 1e30") { $0 == 4 ? 5e31 * $2 : $2 },
    weights("weights of 1e30") { 5e31 * $2 },
    weights("a row near the largest float") { $0 == 4 ? ($2 < 0 ? -3e38 : 3e38) : $2 },
    weights("one huge column") { $1 == 9 ? 1e6 * $2 : $2 },
    weights("one column of 1e30") { $1 == 9 ? 5e31 * $2 : $2 },
    weights("weights of 1e-22") { 5e-21 * $2 },
    weights("a row of 1e-22") { $0 == 4 ? 5e-21 * $2 : $2 },
    weights("denormal weights") { 1e-20 * (1e-19 * $2) },
    weights("scales beyond float16") { 1e8 * $2 },
    weights("scales below float16") { 1e-7 * $2 },
  ]
}

extension Matrix {
  /// Each element replaced by what a function makes of its row, its column and itself.
  func mapped(_ value: (Int, Int, Float) -> Float) -> Matrix {
    Matrix(rows: rows, columns: columns) { value($0, $1, self[$0, $1]) }
  }
}
