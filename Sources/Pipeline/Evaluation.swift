internal import Checkpoint
internal import Glibc
public import JSON
internal import LinearAlgebra
public import Transformer

/// How well a model predicts a text.
public struct Evaluation: Sendable, Equatable {
  /// The number of windows.
  public let windows: Int
  /// The tokens of each window.
  public let length: Int
  /// The number of predictions: all tokens of a window but the first.
  public let predictions: Int
  /// The mean natural logarithm of the probability given to what came next.
  public let meanLogProbability: Double
  /// `exp(−mean log-probability)`.
  public let perplexity: Double

  /// Hidden states of at most so many floats are kept; more windows take another pass.
  private static let passSize = 1 << 28

  /// Evaluates a model on windows, each by itself.
  ///
  /// - Precondition: there is a window, of at least two tokens.
  /// - Parameters:
  ///   - model: the model, dense or quantized.
  ///   - text: the windows.
  ///   - progress: is called with the share of the work done.
  /// - Throws: ``CheckpointError`` when the model cannot be read.
  public init(
    of model: LanguageModel, on text: TokenWindows, progress: (Double) -> Void = { _ in }
  ) throws {
    precondition(text.length > 1 && !text.windows.isEmpty, "nothing to predict")
    let hiddenSize = model.configuration.hiddenSize
    let perPass = max(1, Self.passSize / (text.length * hiddenSize))
    var sum = 0.0
    for start in stride(from: 0, to: text.windows.count, by: perPass) {
      let end = min(text.windows.count, start + perPass)
      sum += try Self.logProbability(of: model, on: text.windows[start..<end]) {
        progress((Double(start) + $0 * Double(end - start)) / Double(text.windows.count))
      }
    }
    windows = text.windows.count
    length = text.length
    predictions = windows * (length - 1)
    meanLogProbability = sum / Double(predictions)
    perplexity = exp(-meanLogProbability)
  }

  /// The sum of the log-probabilities of all tokens but the first of each window.
  private static func logProbability(
    of model: LanguageModel, on windows: ArraySlice<[Int32]>, progress: (Double) -> Void
  ) throws -> Double {
    var hidden = try windows.map(model.embeddings)
    let layers = model.configuration.layerCount
    for layer in 0..<layers {
      let block = try model.block(layer)
      hidden.update { _, window in block(&window) }
      progress(Double(layer + 1) / Double(layers + 1))
    }
    // The head is decoded for each call, so a call takes as many windows as make 4096 rows.
    let perCall = max(1, 4096 / (hidden.first?.rows ?? 1))
    var sum = 0.0
    for start in stride(from: 0, to: hidden.count, by: perCall) {
      let part = start..<min(hidden.count, start + perCall)
      // The state at a token predicts the next one; the last state of a window predicts nothing.
      let states = Matrix(stacking: hidden[part].map { $0.copy(rows: 0..<$0.rows - 1) })
      let targets = part.flatMap { windows[windows.startIndex + $0].dropFirst() }
      sum += try model.logProbabilities(of: targets, after: states).reduce(0, +)
    }
    return sum
  }
}

extension Evaluation {
  /// The evaluation as JSON.
  public var json: JSONValue {
    [
      "perplexity": .finite(perplexity),
      "mean_log_probability": .finite(meanLogProbability),
      "windows": .number(JSONNumber(windows)), "length": .number(JSONNumber(length)),
      "tokens": .number(JSONNumber(predictions)),
    ]
  }
}
