import ArgumentParser
import Checkpoint
import JSON
import Pipeline
import Report
import Solvers
import Studies
import Transformer

/// `ptq compare`: several methods on the same Linears, from one calibration pass.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare methods, bit widths and group sizes on a model's Linears.",
    discussion: """
      The calibration text passes through the dense model once, and every combination of \
      methods, bits and group sizes is solved from the same statistics. Methods that also round \
      inputs (smoothquant, int8, static) run once, with 8-bit weights per channel. The only \
      files written are the reports named by --output; the ending of a name selects the kind of \
      report (.txt, .md, .csv, .json, .tex or .html).

      EXAMPLES:
        ptq compare SmolLM2 --calibration text.txt --methods rtn,awq,gptq --bits 3,4
        ptq compare SmolLM2 --calibration text.txt --layers 0-2 --modules o_proj
        ptq compare SmolLM2 --calibration text.txt --text test.txt -o report.html
      """)

  @Argument(help: "The model's folder.")
  var model: String

  @OptionGroup
  var candidates: CandidateArguments

  @Option(
    help: "The decoder blocks to include, such as 0,4-7. (default: all)",
    transform: { try $0.ranges() })
  var layers: Set<Int>?

  @Option(
    help: "The Linears to include, by the ends of their names. (default: all)",
    transform: { $0.split(separator: ",").map(String.init) })
  var modules: [String]?

  @Option(help: "Also measure the perplexity of each quantized model on this text.")
  var text: String?

  @Option(help: "The largest number of windows to take from --text. (default: all)")
  var windows: Int?

  @Option(name: .shortAndLong, help: "Write a report to this file; can be given several times.")
  var output: [String] = []

  @OptionGroup(title: "Recipe")
  var recipe: RecipeArguments

  @OptionGroup(title: "Calibration")
  var calibration: CalibrationArguments

  @OptionGroup
  var compute: ComputeArguments

  @OptionGroup
  var opening: ModelArguments

  @OptionGroup
  var common: CommonArguments

  func validate() throws {
    for path in output where ReportFile(path: path) == nil {
      throw ValidationError(
        "--output \(path): the name must end in \(ReportFile.endings.joined(separator: ", ")).")
    }
  }

  func run() throws {
    try common.apply()
    for path in output { try ReportFile(path: path)?.checkIsWritable() }
    var language = try opening.model(at: model)
    language.engine = try compute.engine(for: language, default: .float32)
    guard let calibration = try calibration.read(for: language, recipe.preset) else {
      throw ValidationError("A comparison needs a calibration text: give --calibration FILE.")
    }
    let run = try ComparisonRun(
      model: language,
      candidates: try candidates.settings(
        recipe, alpha: language.declaration.migrationStrength),
      calibration: calibration,
      selection: LinearFilter(layers: layers, modules: modules),
      text: try judgingText(for: language, length: calibration.length))
    var progress = ProgressLine()
    defer { progress.end() }
    let report = try Interruption.watched {
      try run.run { share, label in
        try Interruption.check()
        progress.show(share, label)
      }
    }
    progress.end()
    print(common.json ? report.json.text(.pretty) : report.terminalText)
    for path in output { try ReportFile(path: path)?.write(report) }
  }

  private func judgingText(for model: LanguageModel, length: Int) throws -> TokenWindows? {
    guard let text else { return nil }
    return try TokenWindows(
      path: text, for: model.folder, length: length, limit: windows,
      opensTokens: calibration.opensTokens)
  }
}

extension String {
  /// Numbers and ranges separated by commas: `0,4-7`.
  fileprivate func ranges() throws -> Set<Int> {
    var result: Set<Int> = []
    for part in split(separator: ",") {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        0 <= first, first <= last, last < 1 << 16
      else { throw ValidationError("\"\(part)\" is neither a block nor a range such as 4-7.") }
      result.formUnion(first...last)
    }
    return result
  }
}
