internal import Checkpoint
internal import Glibc
public import JSON
internal import LinearAlgebra
public import Pipeline
public import Remedies
public import Transformer

/// How well a model predicts a text.
public struct Evaluation: Sendable, Equatable {
  /// The number of windows.
  public let windows: Int
  /// The number of tokens per window.
  public let length: Int
  /// The mean natural logarithm of the probability of the actual next token.
  public let logProbability: Estimate

  /// The number of predictions: one for each token of a window except the first.
  public var predictions: Int { windows * (length - 1) }

  /// `exp(−mean log-probability)`.
  public var perplexity: Double { exp(-logProbability.value) }

  /// The standard error of the perplexity, to first order: perplexity times that of its logarithm.
  public var perplexityStandardError: Double? {
    logProbability.standardError.map { perplexity * $0 }
  }

  /// Evaluates a model on independent windows.
  ///
  /// - Precondition: there is a window, and windows have at least two tokens.
  /// - Parameters:
  ///   - model: the model, dense or quantized.
  ///   - text: the windows.
  ///   - progress: called with the share of the work done and the current task.
  /// - Throws: ``CheckpointError`` when the model cannot be read; ``EvaluationError`` when its predictions are
  ///   no numbers.
  public init(
    of model: LanguageModel, on text: TokenWindows,
    progress: (Double, String) -> Void = { _, _ in }
  ) throws {
    var logProbabilities: [Double] = []
    try WindowPasses(models: [("model", model)], text: text).forEachGroup(progress) {
      logProbabilities += try model.logProbabilities(of: $0, after: $1[0])
    }
    try self.init(logProbabilities, length: text.length, of: model)
  }

  /// The evaluation of the log-probabilities of all predictions, window after window.
  ///
  /// - Throws: ``EvaluationError`` when one of them is not finite.
  init(_ logProbabilities: [Double], length: Int, of model: LanguageModel) throws(EvaluationError) {
    if let first = logProbabilities.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(
        model: model.folder.path, window: first / (length - 1), position: 1 + first % (length - 1))
    }
    let perWindow = length - 1
    windows = logProbabilities.count / perWindow
    self.length = length
    logProbability = Estimate(
      windowMeans: (0..<windows).map { window in
        let values = logProbabilities[window * perWindow..<(window + 1) * perWindow]
        return values.reduce(0, +) / Double(perWindow)
      })
  }
}

extension Evaluation {
  /// The evaluation as JSON.
  public var json: JSONValue { JSONValue(members: members) }

  var members: [(String, JSONValue)] {
    [
      ("perplexity", .finite(perplexity)),
      ("perplexity_standard_error", perplexityStandardError.map(JSONValue.finite) ?? .null),
    ] + logProbability.members("mean_log_probability") + [
      ("windows", .number(JSONNumber(windows))), ("length", .number(JSONNumber(length))),
      ("tokens", .number(JSONNumber(predictions))),
    ]
  }
}

/// What can be wrong with a model's predictions.
public enum EvaluationError: RemediableError {
  /// A token has a probability that is no number.
  case notFinite(model: String, window: Int, position: Int)

  /// What was found.
  public var description: String {
    switch self {
    case .notFinite(let model, let window, let position):
      "\(model): the prediction of token \(position) of window \(window) is infinite or not a number; the "
        + "model's weights or its config.json are damaged"
    }
  }

  /// Nothing: the model itself is damaged.
  public var remedies: [Remedy] { [] }
}
