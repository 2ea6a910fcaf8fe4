import ArgumentParser
import Checkpoint
import JSON
import Pipeline
import Report
import Solvers
import Studies

/// `ptq layer`: quantizes one Linear from files of numbers, without a model.
struct LayerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layer",
    abstract: "Quantize one Linear from .npy or .safetensors files.",
    discussion: """
      WEIGHTS is a matrix [out, in]. The input of the Linear is given as its values for some \
      tokens, [tokens, in], as their second moment, [in, in], or as stored statistics. A file is \
      .npy (float16, float32 or float64) or .safetensors; a tensor of the latter is named like \
      model.safetensors:lm_head.weight.

      Every combination of --methods, --bits, --group-sizes and --grids is solved from the same \
      statistics. A ninth of the tokens is held out from the solvers to measure the results, \
      unless --held-out gives other tokens. A Hessian alone is not enough for awq, smoothquant, \
      static and outliers, which need the magnitudes of the inputs.

      The result of a single combination can be written to a .safetensors file. It holds the \
      tensors of --format and, if the method scales input channels, NAME.input_factors: the \
      factors by which the input must be divided.

      EXAMPLES:
        ptq layer --weights w.npy --activations x.npy --bits 4,3
        ptq layer --weights w.npy --hessian h.npy --methods gptq -o q.safetensors
        ptq layer --weights m.safetensors:fc.weight --activations x.npy -o r.md
      """)

  @Option(help: "The weights, [out, in].")
  var weights: String

  @Option(help: "The inputs of the Linear, [tokens, in].")
  var activations: String?

  @Option(help: "Instead of inputs: their second moment, [in, in], or a multiple of it.")
  var hessian: String?

  @Option(help: "Instead of inputs: a file of their statistics, including held-out ones.")
  var statistics: String?

  @Option(
    name: .customLong("held-out"),
    help: "The inputs of other tokens, to measure results on. (default: a ninth of --activations)")
  var heldOut: String?

  @Flag(name: .customLong("no-held-out"), help: "Let the solvers use all of --activations.")
  var holdsNothingOut = false

  @Option(
    name: .shortAndLong,
    help: """
      Write a report to this file, or the result of a single combination to a .safetensors \
      file; can be given several times.
      """)
  var output: [String] = []

  @Option(help: "The layout of the result: \(Choices.formats).")
  var format = FormatChoice.standard

  @Option(
    help: """
      Grids, separated by commas: integer (zero points), offset (floating-point offsets), nf4 (the \
      levels of NF4); only integer can be written.
      """,
    transform: { try $0.grids() })
  var grids = [GridChoice.integer]

  @OptionGroup
  var candidates: CandidateArguments

  @OptionGroup(title: "Recipe")
  var recipe: RecipeArguments

  @OptionGroup
  var compute: ComputeArguments

  @OptionGroup
  var common: CommonArguments

  func validate() throws {
    if [activations, hessian, statistics].count(where: { $0 != nil }) > 1 {
      throw ValidationError("Give only one of --activations, --hessian and --statistics.")
    }
    if heldOut != nil, holdsNothingOut {
      throw ValidationError("Give --held-out or --no-held-out, not both.")
    }
    for path in output where !isResult(path) && ReportFile(path: path) == nil {
      let endings = [".safetensors"] + ReportFile.endings
      throw ValidationError(
        "--output \(path): the name must end in \(endings.joined(separator: ", ")).")
    }
  }

  func run() throws {
    try common.apply()
    let settings = try candidates.settings(recipe, alpha: 0.5, format: format, grids: grids)
    let results = output.filter(isResult)
    guard results.isEmpty || settings.count == 1 else {
      throw ValidationError(
        "--output \(results[0]): holds one result, and there are \(settings.count) combinations "
          + "of --methods, --bits, --group-sizes and --grids.")
    }
    let comparison = try LinearStudy(try files(), candidates: settings)
    for path in results { try FolderSink.checkIsFree(path) }
    var progress = ProgressLine()
    defer { progress.end() }
    if !results.isEmpty {
      for warning in try comparison.warnings(of: 0) {
        progress.say("warning: \(warning.spelled(takesLists: true))")
      }
    }
    let (report, solutions) = try Interruption.watched {
      try comparison.run { share, label in
        try Interruption.check()
        progress.show(share, label)
      }
    }
    progress.end()
    for path in output {
      if isResult(path) {
        try comparison.write(solutions[0], of: 0, to: path)
      } else {
        try ReportFile(path: path)?.write(report)
      }
    }
    print(common.json ? report.json.text(.pretty) : report.terminalText)
  }

  private func isResult(_ path: String) -> Bool { path.hasSuffix(".safetensors") }

  private func files() throws -> LinearFiles {
    var input = LinearFiles.Input.unknown
    if let activations { input = .activations(try MatrixFile(activations)) }
    if let hessian { input = .hessian(try MatrixFile(hessian)) }
    if let statistics { input = .statistics(try StatisticsFile(path: statistics)) }
    return try LinearFiles(
      weights: try MatrixFile(weights), input: input,
      heldOut: try heldOut.map { try MatrixFile($0) },
      sharesOut: !holdsNothingOut, engine: try compute.engine(default: .float32))
  }
}
