public import Hessian
public import LinearAlgebra
public import Quantizer
public import Remedies

/// A way of choosing codes once the grid is fixed.
///
/// A new method conforms to this; a ``RoundingMethod`` gives it a name.
public protocol Rounding: Sendable {
  /// Does the work that all Linears with one input share.
  ///
  /// - Parameter input: what is known of the input.
  /// - Returns: what rounds each of those Linears.
  /// - Throws: ``SolverError`` when the statistics are missing or unusable.
  func prepared(for input: RoundingInput) throws(SolverError) -> any PreparedRounding

  /// What it needs to know of an input beside the second moment.
  var neededParts: InputStatistics.Parts { get }
}

extension Rounding {
  /// Nothing.
  public var neededParts: InputStatistics.Parts { [] }
}

/// A rounding that knows the input of the Linears it is for.
public protocol PreparedRounding: Sendable {
  /// What preparing found and did; nil when it needs no statistics.
  var conditioning: Conditioning? { get }
  /// What an error of each column costs once all later columns have reacted to it; nil for a
  /// rounding in which no column reacts to another.
  var pivots: [Float]? { get }

  /// Chooses codes on the grid for a matrix `[out, in]`.
  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight
}

extension PreparedRounding {
  /// Nothing was done to the statistics.
  public var conditioning: Conditioning? { nil }
  /// No column reacts to another.
  public var pivots: [Float]? { nil }
}

/// Why a Linear could not be quantized as asked.
///
/// Nothing falls back to something else silently.
public enum SolverError: RemediableError {
  /// The method needs the statistics of a calibration text.
  case calibrationNeeded(method: String)
  /// The method needs to know of the tokens what their second moment does not tell.
  case tokensNeeded(method: String)
  /// The statistics cannot be factored.
  case factor(FactorFailure)
  /// No grid fits.
  case grid(GridError)

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .calibrationNeeded(let method): "\(method) needs calibration statistics"
    case .tokensNeeded(let method):
      "\(method) needs the magnitudes of the inputs, which a Hessian does not tell"
    case .factor(let failure): failure.description
    case .grid(let error): error.description
    }
  }

  /// What to try.
  public var remedies: [Remedy] {
    switch self {
    case .calibrationNeeded: [.giveCalibrationText]
    case .tokensNeeded: [.giveActivations]
    case .factor, .grid: []
    }
  }
}
