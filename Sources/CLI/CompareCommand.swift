import ArgumentParser
import Checkpoint
import JSON
import Pipeline
import Report
import Solvers
import Transformer

/// `ptq compare`: several methods on the same Linears, from one calibration pass.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare methods, bit widths and group sizes on a model's Linears.",
    discussion: """
      The calibration text goes through the dense model once; every combination of --methods, \
      --bits and --group-sizes is solved from the same statistics. Methods that round inputs \
      as well (smoothquant, int8, static) run once, with 8-bit weights by channel. Nothing is \
      written but the reports asked for with --output: the ending of each name says what it is \
      (.txt, .md, .csv, .json, .tex or .html).

      EXAMPLES:
        ptq compare SmolLM2 --calibration text.txt --methods rtn,awq,gptq,awq+gptq --bits 3,4
        ptq compare SmolLM2 --calibration text.txt --layers 0-2 --modules down_proj,o_proj
        ptq compare SmolLM2 --calibration text.txt --group-sizes 32,64 --text test.txt -o report.html
      """)

  @Argument(help: "The model's folder.")
  var model: String

  @Option(
    help: "Methods, separated by commas; each is words joined by +:\n\(Choices.methods)",
    transform: { try $0.split(separator: ",").map { try Method(String($0)) } })
  var methods = [Method.nearest, .awq, .gptq, .awqGPTQ]

  @Option(help: "Bits of a code, separated by commas.", transform: { try $0.integers() })
  var bits = [4]

  @Option(
    help: "Group sizes, separated by commas: numbers, or channel, or tensor. (default: 128)",
    transform: { try $0.groupSizes() })
  var groupSizes = [GroupSize.columns(128)]

  @Option(
    help: "The decoder blocks to look at, such as 0,4-7. (default: all)",
    transform: { try $0.ranges() })
  var layers: Set<Int>?

  @Option(
    help: "The Linears to look at, by the ends of their names. (default: all)",
    transform: { $0.split(separator: ",").map(String.init) })
  var modules: [String]?

  @Option(help: "Also give the perplexity of the whole model, so quantized, on this text.")
  var text: String?

  @Option(help: "How many windows of --text to take at most. (default: all)")
  var windows: Int?

  @Option(name: .shortAndLong, help: "Write a report to this file; can be given several times.")
  var output: [String] = []

  @OptionGroup(title: "Recipe")
  var recipe: RecipeArguments

  @OptionGroup(title: "Calibration")
  var calibration: CalibrationArguments

  @OptionGroup
  var common: CommonArguments

  func validate() throws {
    guard !methods.isEmpty, !bits.isEmpty, !groupSizes.isEmpty else {
      throw ValidationError("--methods, --bits and --group-sizes need one entry at least.")
    }
    for path in output where ReportFile(path: path) == nil {
      throw ValidationError(
        "--output \(path): the name must end in \(ReportFile.endings.joined(separator: ", ")).")
    }
  }

  func run() throws {
    common.apply()
    let language = try LanguageModel(ModelFolder(path: model))
    guard let calibration = try calibration.read(for: language) else {
      throw ValidationError("A comparison needs a calibration text: give --calibration FILE.")
    }
    let run = try ComparisonRun(
      model: language, candidates: try candidates(for: language), calibration: calibration,
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
    for path in output { try ReportFile(path: path)?.write(report) }
    print(common.json ? report.json.text(.pretty) : report.terminalText)
  }

  /// Every combination; a method that rounds inputs as well has a scheme of its own.
  private func candidates(for model: LanguageModel) throws -> [QuantizationSettings] {
    let alpha = model.configuration.traits.migrationStrength
    // Rivals, that is candidates of one scheme, stand together.
    var candidates: [QuantizationSettings] = []
    for bits in bits {
      for size in groupSizes {
        for method in methods where method.activations == nil {
          candidates.append(
            try recipe.settings(method, bits: bits, groupSize: size, alpha: alpha))
        }
      }
    }
    for method in methods where method.activations != nil {
      candidates.append(try recipe.settings(method, bits: nil, groupSize: nil, alpha: alpha))
    }
    return candidates
  }

  private func judgingText(for model: LanguageModel, length: Int) throws -> TokenWindows? {
    guard let text else { return nil }
    let stream = try TokenStream(path: text, for: model.folder).tokens
    let windows = TokenWindows(cutting: stream, length: length, limit: windows)
    guard !windows.windows.isEmpty else {
      throw InputError.tooShort(path: text, tokens: stream.count, length: length, needed: 1)
    }
    return windows
  }
}

extension Method {
  /// AWQ's scales, then round to nearest.
  fileprivate static let awq = Method(transform: .awq, rounding: .nearest)
  /// AWQ's scales, then GPTQ.
  fileprivate static let awqGPTQ = Method(transform: .awq, rounding: .gptq)
}

extension String {
  /// Numbers separated by commas.
  fileprivate func integers() throws -> [Int] {
    try split(separator: ",").map {
      guard let number = Int($0) else { throw ValidationError("\"\($0)\" is not a number.") }
      return number
    }
  }

  /// Group sizes separated by commas.
  fileprivate func groupSizes() throws -> [GroupSize] {
    try split(separator: ",").map {
      guard let size = GroupSize(argument: String($0)) else {
        throw ValidationError("\"\($0)\" is no group size; give a number, channel or tensor.")
      }
      return size
    }
  }

  /// Numbers and ranges separated by commas: `0,4-7`.
  fileprivate func ranges() throws -> Set<Int> {
    var result: Set<Int> = []
    for part in split(separator: ",") {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        0 <= first, first <= last, last < 1 << 16
      else { throw ValidationError("\"\(part)\" is no layer and no range such as 4-7.") }
      result.formUnion(first...last)
    }
    return result
  }
}
