import ArgumentParser
import Checkpoint
import JSON
import Pipeline
import Report
import Studies
import Transformer

/// `ptq eval`: the perplexity of a dense or quantized model, and its divergence from a reference.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure how well a model predicts a text.",
    discussion: """
      The text is cut into windows that do not overlap, each behind the tokens with which the \
      tokenizer begins a text. Every token of a window except the first is predicted from the \
      tokens before it. Everything is computed in 32-bit floats, unless --compute says otherwise.

      With --reference, the model's predictions are compared with those of another model, \
      overall and by position in the window: the divergence of its distribution from the \
      reference's, in nats; the share of predictions with the same most probable token; and the \
      difference in the log-probability of the token that follows. The number after ± is a \
      standard error, estimated from the spread between windows if there are at least \
      \(Estimate.fewestWindows).

      EXAMPLES:
        ptq eval SmolLM2 --text test.txt
        ptq eval SmolLM2-4bit --text test.txt --windows 8 --length 2048
        ptq eval SmolLM2-4bit --text test.txt --reference SmolLM2
      """)

  @Argument(help: "The model's folder, dense or quantized.")
  var model: String

  @Option(
    help: """
      Text to predict: plain text, .jsonl with texts or chats, or .safetensors with input_ids.
      """)
  var text: String

  @Flag(name: .customLong("add-bos"), help: .addBOS)
  var opensTokens = false

  @Option(help: "A model to compare with, such as the dense original.")
  var reference: String?

  @Option(help: "The largest number of windows to take. (default: all)")
  var windows: Int?

  @Option(help: "Tokens of each window. (default: 2048, or the model's context)")
  var length: Int?

  @OptionGroup
  var compute: ComputeArguments

  @OptionGroup
  var opening: ModelArguments

  @OptionGroup
  var common: CommonArguments

  func validate() throws {
    if let windows, windows < 1 {
      throw ValidationError("--windows must be positive, not \(windows).")
    }
    if let length, length < 2 {
      throw ValidationError("--length must be at least 2, not \(length).")
    }
  }

  func run() throws {
    try common.apply()
    var (language, reference) =
      if let reference {
        try opening.models(at: model, reference) as (LanguageModel, LanguageModel?)
      } else { (try opening.model(at: model), nil as LanguageModel?) }
    language.engine = try compute.engine(for: language, default: .float32)
    reference?.engine = language.engine
    let length = try language.windowLength(length, default: 2048, atLeast: 2)
    _ = try reference?.windowLength(length, default: length)
    let windows = try TokenWindows(
      path: text, for: language.folder, length: length, limit: windows, opensTokens: opensTokens)
    var progress = ProgressLine()
    defer { progress.end() }
    if let reference {
      let divergence = try Divergence(of: language, from: reference, on: windows) {
        progress.show($0, $1)
      }
      progress.end()
      print(common.json ? divergence.json.text(.pretty) : divergence.text)
    } else {
      let evaluation = try Evaluation(of: language, on: windows) { progress.show($0, $1) }
      progress.end()
      print(common.json ? evaluation.json.text(.pretty) : evaluation.line)
    }
  }
}

extension Evaluation {
  fileprivate var line: String {
    "perplexity \(spread)  "
      + "mean log-probability \(Numbers.fixed(logProbability.value, 5))  "
      + "windows \(windows) x \(length)  predicted tokens \(Numbers.count(predictions))"
  }

  /// The perplexity with its standard error, if there is one.
  fileprivate var spread: String {
    Numbers.fixed(perplexity, 4)
      + (perplexityStandardError.map { " ± \(Numbers.fixed($0, 4))" } ?? "")
  }
}

extension Divergence {
  fileprivate var text: String {
    """
    \(model.line)
    reference  \(reference.line)

    \(table.text)
    """
  }
}
