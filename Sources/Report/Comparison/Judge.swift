internal import Solvers
internal import Studies

/// The error by which candidates are compared.
///
/// If inputs are rounded too, the error that this adds to the output is included: the rounding errors
/// of weights and inputs are independent, so their squares add up.
enum Judge: Sendable {
  /// The output error on tokens that no solver saw.
  case heldOut
  /// The output error on the calibration tokens.
  case calibration
  /// The weight error.
  case weight

  /// The best of these errors that is known for every candidate and every Linear.
  init(_ candidates: [ComparisonReport.Candidate]) {
    let errors = candidates.lazy.flatMap(\.linears).map(\.error)
    if errors.allSatisfy({ $0.heldOut != nil }) {
      self = .heldOut
    } else if errors.allSatisfy({ $0.calibration != nil }) {
      self = .calibration
    } else {
      self = .weight
    }
  }

  /// The error as a share of the energy; infinite if it is not known.
  func error(_ error: LinearError) -> Double {
    let ofWeights =
      switch self {
      case .heldOut: error.heldOut
      case .calibration: error.calibration
      case .weight: error.weight as Double?
      }
    return (ofWeights ?? .infinity) + (error.activation ?? 0)
  }

  /// The error in words.
  var words: String {
    switch self {
    case .heldOut: "held-out output error"
    case .calibration: "output error on calibration tokens"
    case .weight: "weight error"
    }
  }
}
