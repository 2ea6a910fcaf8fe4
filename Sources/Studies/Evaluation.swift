internal import Glibc
public import JSON
internal import LinearAlgebra
public import Pipeline
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
  /// - Throws: ``CheckpointError`` when the model cannot be read.
  public init(
    of model: LanguageModel, on text: TokenWindows,
    progress: (Double, String) -> Void = { _, _ in }
  ) throws {
    var logProbabilities: [Double] = []
    try WindowPasses(models: [("model", model)], text: text).forEachGroup(progress) {
      logProbabilities += try model.logProbabilities(of: $0, after: $1[0])
    }
    self.init(logProbabilities, length: text.length)
  }

  /// The evaluation of the log-probabilities of all predictions, window after window.
  init(_ logProbabilities: [Double], length: Int) {
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
