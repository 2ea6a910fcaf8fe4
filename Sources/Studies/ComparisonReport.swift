internal import Pipeline
public import Solvers

/// Several recipes on the same Linears, with the same statistics.
public struct ComparisonReport: Sendable {
  /// The name of the model.
  public let model: String
  /// The number of tokens in the statistics.
  public let calibrationTokens: Int
  /// The number of held-out tokens.
  public let heldOutTokens: Int
  /// What was compared, in the order asked for.
  public internal(set) var candidates: [Candidate]
  /// The perplexity of the dense model, if it was asked for.
  public internal(set) var densePerplexity: Double?
  /// The time of the whole comparison, in seconds.
  public internal(set) var seconds: Double

  /// One recipe: a method at a scheme.
  public struct Candidate: Sendable {
    /// The name of the method: "awq+gptq".
    public let method: String
    /// The scheme in short: "w4 g64", "w4 g64 asym", "w8a8".
    public let scheme: String
    /// The bits per code.
    public let bits: Int
    /// Every Linear, in order of computation; the same Linears for every candidate.
    public internal(set) var linears: [LinearComparison]
    /// The perplexity of the whole model quantized this way, if it was asked for.
    public internal(set) var perplexity: Double?

    /// A candidate with given results.
    public init(
      method: String, scheme: String, bits: Int, linears: [LinearComparison],
      perplexity: Double? = nil
    ) {
      self.method = method
      self.scheme = scheme
      self.bits = bits
      self.linears = linears
      self.perplexity = perplexity
    }
  }

  /// A report with given results.
  public init(
    model: String, calibrationTokens: Int, heldOutTokens: Int, candidates: [Candidate],
    densePerplexity: Double? = nil, seconds: Double
  ) {
    self.model = model
    self.calibrationTokens = calibrationTokens
    self.heldOutTokens = heldOutTokens
    self.candidates = candidates
    self.densePerplexity = densePerplexity
    self.seconds = seconds
  }
}

/// What one recipe did to one Linear.
public struct LinearComparison: Sendable {
  /// The name of the Linear: `model.layers.3.mlp.up_proj`.
  public let name: String
  /// The decoder block, from 0; nil for a Linear outside a model.
  public let layer: Int?
  /// The number of outputs.
  public let rows: Int
  /// The number of inputs.
  public let columns: Int
  /// What was lost: weights, output on calibration and held-out tokens, the worst row.
  public let error: LinearError
  /// The mean squared error of the weights.
  public let weightMSE: Double
  /// The share of weights beyond the ends of their grid.
  public let clippedShare: Double
  /// The stored bits per weight, with scales and zero points.
  public let bitsPerWeight: Double
  /// The time of the solve, in seconds.
  public let seconds: Double
  /// The factors s that divide the input channels; nil when they were left alone.
  public let inputScales: [Float]?
  /// What keeping outlier channels gained; nil if none were to be kept.
  public let outliers: OutlierReport?
  /// The calibration tokens routed to the Linear's expert; nil outside a mixture.
  public let expertTokens: Int?
  /// The distance of the error from the limit for codes with as many bits.
  public let gap: RateGap?

  /// A comparison with given results.
  public init(
    name: String, layer: Int?, rows: Int, columns: Int, error: LinearError, weightMSE: Double,
    clippedShare: Double, bitsPerWeight: Double, seconds: Double, inputScales: [Float]? = nil,
    outliers: OutlierReport? = nil, expertTokens: Int? = nil, gap: RateGap? = nil
  ) {
    self.name = name
    self.layer = layer
    self.rows = rows
    self.columns = columns
    self.error = error
    self.weightMSE = weightMSE
    self.clippedShare = clippedShare
    self.bitsPerWeight = bitsPerWeight
    self.seconds = seconds
    self.inputScales = inputScales
    self.outliers = outliers
    self.expertTokens = expertTokens
    self.gap = gap
  }
}
