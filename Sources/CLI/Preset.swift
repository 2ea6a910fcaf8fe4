import ArgumentParser
import Hessian
import Pipeline
import Quantizer
import Solvers

/// `--preset`: defaults that belong together; papers-notes/ablation.md has what was measured of them.
enum Preset: String, CaseIterable, ExpressibleByArgument {
  /// Plain GPTQ: one pass through the quantized model.
  case fast
  /// GPTQ with corrected targets, first positions, and grids chosen inside the solve.
  case balanced
  /// The same with coordinate descent behind.
  case best

  /// What happens to the weights.
  var method: Method {
    switch self {
    case .fast, .balanced: .gptq
    case .best: Method(rounding: .coordinateDescent)
    }
  }

  /// How wide the range of a group is.
  var range: GridRule.Range { self == .fast ? .squaredError : .solve }

  /// The order in which columns are visited.
  var order: ColumnOrder { self == .fast ? .activation : .groupAware }

  /// How targets are corrected.
  var correction: TargetCorrection? { self == .fast ? nil : TargetCorrection(.fixed(0.5)) }

  /// The number of windows of a single token.
  var firstPositions: Int { self == .fast ? 0 : CalibrationSet.defaultFirstPositions }
}
