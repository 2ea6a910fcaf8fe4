internal import Solvers
internal import Studies

/// By which error candidates are compared.
///
/// Where inputs are rounded too, what that adds to the output's error is added here: roundings of
/// weights and of inputs are independent, so their squared errors sum.
enum Judge: Sendable {
  /// Of the output, on tokens that no solver saw.
  case heldOut
  /// Of the output, on the calibration tokens.
  case calibration
  /// Of the weights.
  case weight

  /// The best judge that every candidate has on every Linear.
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

  /// The error as a share of the energy; infinite where the judge was not there.
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
