public import Hessian
public import LinearAlgebra
public import Quantizer

/// One Linear to quantize.
///
///     choose Ŵ on a grid so that  tr( (Ŵ − W) H (Ŵ − W)ᵀ )  is small,     H = E[x xᵀ]
public struct LinearProblem: Sendable {
  /// The name of the Linear, for messages: a Hugging Face key without `.weight`.
  public let name: String
  /// W, `[out, in]`.
  public let weights: Matrix
  /// What may be stored, in place of the recipe's scheme; nil for that.
  public let scheme: Scheme?
  /// W⋆, what the rounding approximates: W, or W corrected for the error of earlier Linears.
  var target: Matrix { corrected ?? weights }
  /// W corrected for the error of earlier Linears; nil for W itself.
  let corrected: Matrix?

  /// A Linear with its weights, and what may be stored of it if that is not what the recipe says.
  public init(name: String, weights: Matrix, scheme: Scheme? = nil) {
    self.init(name: name, weights: weights, corrected: nil, scheme: scheme)
  }

  init(name: String, weights: Matrix, corrected: Matrix?, scheme: Scheme?) {
    self.name = name
    self.weights = weights
    self.corrected = corrected
    self.scheme = scheme
  }
}

/// What is known about an input: the statistics that solvers may use, and those that only judge.
public struct CalibratedInput: Sendable {
  /// Statistics for the solver; nil when the run has no calibration text.
  public let calibration: InputStatistics?
  /// Statistics of tokens that no solver sees, to measure what was actually gained.
  public let heldOut: InputStatistics?
  /// The inputs `[tokens, n]` at the first positions of windows, where attention rests that has nowhere else to go;
  /// they only judge, but `calibration` may count these tokens as well.
  public let first: Matrix?
  /// What computes large products whose rounding is far below that of the weights.
  ///
  /// These are errors of outputs, products with the mismatch, and the feedback of columns far behind. Hessians are
  /// factored in double precision, always.
  public let engine: ProductEngine

  /// An input with given statistics.
  ///
  /// - Precondition: the engine has no problem.
  public init(
    calibration: InputStatistics? = nil, heldOut: InputStatistics? = nil,
    first: Matrix? = nil, engine: ProductEngine = .float32
  ) {
    self.calibration = calibration
    self.heldOut = heldOut
    self.first = first
    self.engine = engine
  }
}

extension InputStatistics? {
  /// The ranges of the channels.
  ///
  /// - Parameters:
  ///   - method: what needs them, for the error.
  ///   - withHistograms: whether histograms are needed as well.
  /// - Returns: the ranges.
  /// - Throws: ``SolverError`` if there are no statistics, or they lack what is needed.
  func ranges(
    for method: String, withHistograms: Bool = false
  ) throws(SolverError) -> ChannelRanges {
    guard let self else { throw .calibrationNeeded(method: method) }
    guard let ranges = self.ranges, ranges.collectsHistogram || !withHistograms else {
      throw .tokensNeeded(method: method)
    }
    return ranges
  }
}
