import Hessian
import LinearAlgebra
import Quantizer
import Solvers

extension RoundingMethod {
  /// Every rounding of the library.
  static let all = [gptq, coordinateDescent, beam, signRound, nearest]
}

extension InputStatistics {
  /// The statistics of some tokens.
  init(of tokens: Matrix) {
    self.init(channels: tokens.columns)
    add(tokens)
  }
}

extension StageProblem {
  /// Linears named "0", "1", …, which all read one input.
  init(_ weights: [Matrix], input: CalibratedInput, scaling: InputScaling? = nil) {
    self.init(
      [Group(weights.enumerated().map { LinearProblem(name: "\($0)", weights: $1) }, input: input)],
      scaling: scaling)
  }
}
