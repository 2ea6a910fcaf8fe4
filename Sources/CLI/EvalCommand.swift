import ArgumentParser
import Checkpoint
import JSON
import Pipeline
import Report
import Transformer

/// `ptq eval`: the perplexity of a folder, dense or quantized.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure how well a model predicts a text.",
    discussion: """
      The text is cut into windows that do not overlap; every token but the first of its \
      window is predicted from those before it in the window. Everything is computed in \
      32-bit floats.

      EXAMPLES:
        ptq eval SmolLM2 --text test.txt
        ptq eval SmolLM2-4bit --text test.txt --windows 8 --length 2048
      """)

  @Argument(help: "The model's folder, dense or quantized.")
  var model: String

  @Option(help: "Text to predict: .txt, .jsonl with \"text\", or .safetensors with input_ids.")
  var text: String

  @Option(help: "How many windows to take at most. (default: all)")
  var windows: Int?

  @Option(help: "Tokens of each window. (default: 2048, or the model's context)")
  var length: Int?

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
    common.apply()
    let language = try LanguageModel(ModelFolder(path: model))
    let length = try language.windowLength(length, default: 2048, atLeast: 2)
    let stream = try TokenStream(path: text, for: language.folder).tokens
    let windows = TokenWindows(cutting: stream, length: length, limit: windows)
    guard !windows.windows.isEmpty else {
      throw InputError.tooShort(path: text, tokens: stream.count, length: length, needed: 1)
    }
    var progress = ProgressLine()
    defer { progress.end() }
    let evaluation = try Evaluation(of: language, on: windows) {
      progress.show($0, "evaluating")
    }
    progress.end()
    print(common.json ? evaluation.json.text(.pretty) : evaluation.line)
  }
}

extension Evaluation {
  fileprivate var line: String {
    "perplexity \(Numbers.fixed(perplexity, 4))  "
      + "mean log-probability \(Numbers.fixed(meanLogProbability, 5))  "
      + "windows \(windows) x \(length)  predicted tokens \(Numbers.count(predictions))"
  }
}
