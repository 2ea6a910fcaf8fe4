import ArgumentParser
import Checkpoint
import Formats
import JSON
import Pipeline
import Report
import Studies
import Transformer

/// `ptq imatrix`: the importances that llama-quantize weighs errors with.
struct ImatrixCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imatrix",
    abstract: "Measure the importances that llama-quantize takes as --imatrix.",
    discussion: """
      The file holds the sum of squares of each input channel of each Linear, as llama-imatrix writes it. \
      ptq quantize does not need it: with --calibration it knows the whole Hessian. It takes such a file, of \
      whatever tool, as --importance where there is no text.

      EXAMPLE:
        ptq imatrix SmolLM2 --calibration text.txt --length 512 -o SmolLM2.imatrix
        llama-quantize --imatrix SmolLM2.imatrix SmolLM2-f16.gguf Q4_K_M
      """)

  @Argument(help: "The model's folder.")
  var model: String

  @Option(name: .shortAndLong, help: "The file to write; it must not exist.")
  var output: String

  @Option(help: .calibrationText)
  var calibration: String

  @Option(help: "The largest number of windows to take. (default: all)")
  var windows: Int?

  @Option(help: "Tokens of each window. (default: 512, or the model's context)")
  var length: Int?

  @Flag(name: .customLong("add-bos"), help: .addBOS)
  var opensTokens = false

  @OptionGroup
  var compute: ComputeArguments

  @OptionGroup
  var opening: ModelArguments

  @OptionGroup
  var common: CommonArguments

  func validate() throws {
    for (name, value) in [("--windows", windows), ("--length", length)] {
      if let value, value < 1 { throw ValidationError("\(name) must be positive, not \(value).") }
    }
  }

  func run() throws {
    try common.apply()
    try FolderSink.checkIsFree(output)
    _ = try FolderSink.freeBytes(for: output)
    var language = try opening.model(at: model)
    guard language.format == nil else { throw RunError.alreadyQuantized(model) }
    language.engine = try compute.engine(for: language, default: .float32)
    let windows = try TokenWindows(
      path: calibration, for: language.folder,
      length: try language.windowLength(length, default: 512), limit: windows,
      opensTokens: opensTokens)
    var progress = ProgressLine()
    defer { progress.end() }
    let importance = try GGUFImportance(of: language, on: windows) { progress.show($0, $1) }
    try importance.write(
      to: OutputPath.resolved(output),
      text: calibration.split(separator: "/").last.map(String.init) ?? calibration,
      windows: windows.windows.count,
      length: windows.length)
    progress.end()
    if common.json {
      let result: JSONValue = [
        "output": .string(output), "windows": .number(JSONNumber(windows.windows.count)),
        "tokens": .number(JSONNumber(windows.tokenCount)),
      ]
      print(result.text(.pretty))
    } else {
      print("written to \(output), from \(Numbers.count(windows.tokenCount)) tokens")
    }
  }
}
