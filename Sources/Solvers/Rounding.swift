public import Hessian
public import LinearAlgebra
public import Quantizer
public import Remedies

/// A way to choose codes on a fixed grid.
///
/// A new rounding conforms to this protocol; a ``RoundingMethod`` gives it a name.
public protocol Rounding: Sendable {
  /// Does the work that all Linears with one input share.
  ///
  /// - Parameters:
  ///   - input: what is known about the input.
  ///   - scheme: what may be stored.
  /// - Returns: the rounding for each of those Linears.
  /// - Throws: ``SolverError`` when the statistics are missing or unusable.
  func prepared(for input: RoundingInput, _ scheme: Scheme) throws(SolverError)
    -> any PreparedRounding

  /// Checks that the rounding has codes for a scheme, which takes no statistics.
  ///
  /// - Throws: ``SolverError`` for a scheme that it cannot have.
  func check(_ scheme: Scheme) throws(SolverError)

  /// What the rounding needs to know about an input besides the second moment.
  var neededParts: InputStatistics.Parts { get }

  /// The order in which columns are visited.
  var order: ColumnOrder { get }
}

extension Rounding {
  /// The natural order.
  public var order: ColumnOrder { .natural }

  /// Any scheme will do.
  public func check(_ scheme: Scheme) throws(SolverError) {}

  /// Nothing besides the second moment.
  public var neededParts: InputStatistics.Parts { [] }
}

/// A rounding prepared for the input of its Linears.
public protocol PreparedRounding: Sendable {
  /// What preparation found and did; nil if it needs no statistics.
  var conditioning: Conditioning? { get }
  /// The cost of an error in each column once all later columns have compensated for it; nil if no
  /// column compensates for another.
  var pivots: [Float]? { get }

  /// Chooses codes on the grid for a matrix `[out, in]`.
  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight

  /// Chooses a grid, and codes on it, for a matrix `[out, in]`.
  ///
  /// - Throws: ``GridError`` when no grid fits.
  func quantize(
    _ weights: Matrix, scheme: Scheme, rule: GridRule, metric: ErrorMetric
  ) throws(GridError) -> QuantizedWeight
}

extension PreparedRounding {
  /// Nil, since no statistics are used.
  public var conditioning: Conditioning? { nil }
  /// Nil, since no column compensates for another.
  public var pivots: [Float]? { nil }

  /// The grid first, by its rule, then the codes.
  public func quantize(
    _ weights: Matrix, scheme: Scheme, rule: GridRule, metric: ErrorMetric
  ) throws(GridError) -> QuantizedWeight {
    round(weights, on: try rule.grid(for: weights, scheme: scheme, metric: metric))
  }
}

extension Scheme {
  /// Why its codes have no upper bits that are codes as well.
  fileprivate var unsliced: String {
    switch points {
    case .table(let table): "these are levels of a table (\(table.name))"
    case .zeroPoint: "these are of \(bits) bits with zero points"
    case .symmetric where isNarrow: "these leave out the lowest code of \(bits) bits"
    case .symmetric, .offset: "these are of \(bits) bits"
    }
  }
}

/// Why a Linear could not be quantized as asked.
///
/// Solvers never fall back silently to something else.
public enum SolverError: RemediableError {
  /// The method needs the statistics of a calibration text.
  case calibrationNeeded(method: String)
  /// The method needs facts about the tokens that their second moment does not contain.
  case tokensNeeded(method: String)
  /// The upper bits of such codes are none.
  case noSlices(Scheme)
  /// The statistics cannot be factored.
  case factor(FactorFailure)
  /// No grid fits.
  case grid(GridError)
  /// Channels of the input have no second moment over the held-out tokens.
  case heldOut(NonFiniteInput)
  /// This row, the largest, makes outputs that float32 does not hold.
  case outputOverflow(row: Int)

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .calibrationNeeded(let method): "\(method) needs calibration statistics"
    case .tokensNeeded(let method):
      "\(method) needs the magnitudes of the inputs, which a Hessian does not tell"
    case .noSlices(let scheme):
      "matryoshka needs symmetric codes, or such with floating-point offsets, of 4, 6 or 8 bits; \(scheme.unsliced)"
    case .factor(let failure): failure.description
    case .grid(let error): error.description
    case .heldOut(let input):
      input.description(of: "the held-out text")
        + "; check the model's weights and the calibration text"
    case .outputOverflow(let row):
      "with weights as large as those of row \(row), outputs are beyond the range of float32; check "
        + "the model's weights"
    }
  }

  /// What to try.
  public var remedies: [Remedy] {
    switch self {
    case .calibrationNeeded: [.giveCalibrationText]
    case .tokensNeeded: [.giveActivations]
    case .noSlices(let scheme):
      ([4, 6, 8].contains(scheme.bits) ? [] : [.chooseBits([8, 4])])
        + (scheme.points == .zeroPoint ? [.useSymmetricWeights] : [])
    case .factor, .grid, .heldOut, .outputOverflow: []
    }
  }
}
