public import JSON
internal import LinearAlgebra
public import Pipeline
public import Transformer

/// How far a model's predictions are from a reference's, usually those of the dense original.
///
/// Perplexity depends only on the probability of the actual next token, and a model can lose on
/// some tokens what it gains on others; the divergence sees every change of every distribution.
public struct Divergence: Sendable, Equatable {
  /// The comparison at some positions of the windows.
  public struct Part: Sendable, Equatable {
    /// The positions of the predicted tokens in their window: how many tokens came before.
    public let positions: ClosedRange<Int>
    /// The number of predictions.
    public let predictions: Int
    /// The mean of KL(reference ‖ model) over the whole vocabulary, in nats.
    public let klDivergence: Estimate
    /// The share of predictions whose most probable token is the reference's.
    public let agreement: Estimate
    /// The mean log-probability of the actual next token, minus the reference's.
    public let logProbabilityDifference: Estimate
  }

  /// The evaluation of the model alone.
  public let model: Evaluation
  /// The evaluation of the reference alone.
  public let reference: Evaluation
  /// The comparison of all predictions.
  public let overall: Part
  /// The comparison by position: 1 to 63, 64 to 127, 128 to 255, and so on.
  public let byPosition: [Part]

  /// Compares a model with a reference on independent windows.
  ///
  /// - Precondition: there is a window, and windows have at least two tokens.
  /// - Parameters:
  ///   - model: the model, dense or quantized.
  ///   - reference: the model to compare it with.
  ///   - text: the windows.
  ///   - progress: called with the share of the work done and the current task.
  /// - Throws: ``ComparisonError`` when a token id does not mean the same to both;
  ///   ``CheckpointError`` when a model cannot be read.
  /// - Complexity: the time of both evaluations, and 40 bytes for each prediction.
  public init(
    of model: LanguageModel, from reference: LanguageModel, on text: TokenWindows,
    progress: (Double, String) -> Void = { _, _ in }
  ) throws {
    try model.checkVocabulary(isThatOf: reference)
    var all: [PredictionComparison] = []
    let models = [("model", model), ("reference", reference)]
    try WindowPasses(models: models, text: text).forEachGroup(progress) {
      all += try model.comparisons(of: $0, after: $1[0], with: reference, after: $1[1])
    }
    self.model = try Evaluation(all.map(\.logProbability), length: text.length, of: model)
    self.reference = try Evaluation(
      all.map(\.referenceLogProbability), length: text.length, of: reference)
    overall = Part(1...text.length - 1, of: all, length: text.length)
    byPosition = Self.buckets(length: text.length).map { Part($0, of: all, length: text.length) }
  }

  /// The positions of a window in parts of doubling length: 1 to 63, 64 to 127, 128 to 255, and so
  /// on.
  static func buckets(length: Int) -> [ClosedRange<Int>] {
    var buckets: [ClosedRange<Int>] = []
    var (start, end) = (1, 64)
    while start < length {
      buckets.append(start...min(end, length) - 1)
      (start, end) = (end, 2 * end)
    }
    return buckets
  }
}

extension Divergence.Part {
  /// The comparison at some positions, from all predictions, window after window.
  fileprivate init(
    _ positions: ClosedRange<Int>, of all: [PredictionComparison], length: Int
  ) {
    // The prediction of position 1 is the first of its window.
    let starts = stride(from: 0, to: all.count, by: length - 1)
    func estimate(_ value: (PredictionComparison) -> Double) -> Estimate {
      Estimate(
        windowMeans: starts.map { start in
          positions.reduce(0) { $0 + value(all[start + $1 - 1]) } / Double(positions.count)
        })
    }
    self.positions = positions
    predictions = all.count / (length - 1) * positions.count
    klDivergence = estimate(\.klDivergence)
    agreement = estimate { $0.agrees ? 1 : 0 }
    logProbabilityDifference = estimate { $0.logProbability - $0.referenceLogProbability }
  }

  fileprivate var members: [(String, JSONValue)] {
    klDivergence.members("kl_divergence") + agreement.members("top1_agreement")
      + logProbabilityDifference.members("log_probability_difference")
  }

  fileprivate var json: JSONValue {
    JSONValue(
      members: [
        ("from", .number(JSONNumber(positions.lowerBound))),
        ("to", .number(JSONNumber(positions.upperBound))),
        ("tokens", .number(JSONNumber(predictions))),
      ] + members)
  }
}

extension Divergence {
  /// The evaluation of the model as JSON, with the reference's and the comparison.
  public var json: JSONValue {
    JSONValue(
      members: model.members + [("reference", reference.json)] + overall.members + [
        ("by_position", .array(byPosition.map(\.json)))
      ])
  }
}
