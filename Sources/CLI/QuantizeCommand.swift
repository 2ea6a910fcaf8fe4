import ArgumentParser
import Checkpoint
import Formats
import JSON
import Pipeline
import Solvers
import Studies
import Transformer

/// `ptq quantize`: quantizes a model folder into a new folder.
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Quantize every Linear of a model's decoder blocks.",
    discussion: """
      MODEL is a Hugging Face folder: config.json, safetensors weights, tokenizer.json. \
      The output is one as well, which vLLM and transformers load; a table says what each \
      Linear lost.

      EXAMPLES:
        ptq quantize SmolLM2 -o SmolLM2-4bit --calibration text.txt --group-size 64
        ptq quantize Llama-3.2-1B -o Llama-8bit --calibration chats.jsonl --bits 8
        ptq quantize Llama-3.2-1B -o mixed --calibration t.txt --bits-budget 3.5
        ptq quantize Llama-3.2-1B -o awq --calibration chats.jsonl --method awq+gptq
        ptq quantize Llama-3.2-1B -o w8a8 --calibration t.txt --method smoothquant
        ptq quantize Llama-3.2-1B -o fp8 --calibration t.txt --type fp8
        ptq quantize Llama-3.2-1B -o Llama-rtn --method rtn --format gptq
        ptq quantize Llama-3.2-1B -o b --calibration t.txt --base a --redo down_proj
        ptq quantize Llama-3.2-1B -o Llama-mlx --calibration t.txt --format mlx
        ptq quantize Llama -o l.gguf --calibration t.txt --format gguf --type Q4_K_M
        ptq quantize Llama -o l.gguf --importance i.gguf --format gguf --type Q4_K_M

      Output error % is the squared error of a Linear's output over the calibration tokens, \
      in per cent of the output's energy; held-out % is the same on tokens that no solver saw.
      """)

  @Argument(help: "The model's folder.")
  var model: String

  @Option(
    name: .shortAndLong,
    help: "The folder to write, or the file with --format gguf; it must not exist.")
  var output: String

  @Option(
    help:
      "What happens to the weights: words joined by +. (default: by preset)\n\(Choices.methods)",
    transform: { try Method(words: $0) })
  var method: Method?

  @Option(
    help: """
      Bits of a code, 2 to 8; or ternary, codes of 2 bits of which only -1, 0 and 1 are used. (default: 4; 8 where \
      inputs are rounded to integers, and with matryoshka)
      """)
  var bits: CodeBits?

  // Unconditional, so that −1 is a value and not an option.
  @Option(
    parsing: .unconditional,
    help: """
      Consecutive weights that share a scale: a number, or channel, or tensor. \
      (default: 128; channel where inputs are rounded to integers)
      """)
  var groupSize: GroupSize?

  @Option(
    help: """
      Also write the statistics of every input into this new folder, for ptq layer --statistics.
      """)
  var statistics: String?

  @Option(
    help: """
      A file of importances, as ptq imatrix and llama-imatrix write it (.gguf or .dat), in place of --calibration: \
      the mean square of each input channel, and nothing of how channels go together.
      """)
  var importance: String?

  @Option(help: "The layout of the output: \(Choices.formats).")
  var format = FormatChoice.standard

  @Option(
    help: """
      How weights are stored, for formats that decide that: \(Choices.types). (default: Q4_K_M, nf4+double, \
      or integers of --bits)
      """)
  var type: String?

  @Flag(
    name: .customLong("head"),
    help: """
      Quantize the head (lm_head) like the other Linears, from what the final norm makes, in the bits of --bits \
      whatever a plan of bits says (with --format gguf in those of its type). Where it is the embedding, it becomes a \
      matrix of its own, or with mlx and gguf the embedding is solved as what it is as a head.
      """)
  var quantizesHead = false

  @Option(
    help: """
      Bits of the embedding, and of the head unless --head solves it, where the format has them in integers of any \
      width (mlx): 2, 3, 4, 5, 6 or 8. (default: 8)
      """)
  var embeddingBits: Int?

  @Option(
    name: .customLong("kv-cache"),
    help: """
      Also store the scales with which keys and values can be kept in 8 bits, from calibration: fp8, which vLLM \
      uses with --kv-cache-dtype fp8; or int8.
      """)
  var cache: CacheChoice?

  @Option(
    help: """
      Linears that stay as they are, with all that engines merge with them: parts of their names, separated by \
      commas, such as layers.0,down_proj. A star stands for one part.
      """,
    transform: { try $0.modulePatterns() })
  var ignore: [ModulePattern] = []

  @Option(
    help: """
      What to do when no codes can be found for a Linear: stop, or keep-dense, which leaves it as it is and \
      says so.
      """)
  var onFailure = FailurePolicy.stop

  @Flag(
    help: """
      Check everything that can be checked beforehand, and print what would be done, what it needs and who would \
      load the result; write nothing.
      """)
  var dryRun = false

  @OptionGroup(title: "Mixed bits")
  var mixed: BitArguments

  @OptionGroup(title: "Recipe")
  var recipe: RecipeArguments

  @OptionGroup(title: "Calibration")
  var calibration: CalibrationArguments

  @OptionGroup(title: "Solving some Linears again")
  var again: RedoArguments

  @OptionGroup(title: "Interruption")
  var interruption: InterruptionArguments

  @OptionGroup
  var compute: ComputeArguments

  @OptionGroup
  var memory: MemoryArguments

  @OptionGroup
  var opening: ModelArguments

  @OptionGroup
  var common: CommonArguments

  func validate() throws {
    if try storedFormat.format.standardScheme != nil { try checkTypes() }
    if let embeddingBits {
      guard format.format.tableBits != nil else {
        throw ValidationError("--embedding-bits needs --format mlx.")
      }
      guard [2, 3, 4, 5, 6, 8].contains(embeddingBits) else {
        throw ValidationError("--embedding-bits \(embeddingBits): mlx has 2, 3, 4, 5, 6 or 8.")
      }
    }
    if importance != nil, calibration.path != nil {
      throw ValidationError("--importance and --calibration exclude each other.")
    }
    if importance != nil, mixed.bitsBudget != nil {
      throw ValidationError("--bits-budget needs --calibration; --importance is not enough.")
    }
    if bits != nil, mixed.decideBits {
      throw ValidationError("--bits and --bits-budget or --bits-plan exclude each other.")
    }
    if output.lowercased().hasSuffix(".gguf"), !format.format.isFile {
      throw ValidationError(
        "--output \(output) is the name of a file; give --format gguf, or another name for a folder."
      )
    }
    if again.base != nil, mixed.decideBits {
      throw ValidationError("--redo takes --bits, and no --bits-budget or --bits-plan.")
    }
    if dryRun, mixed.bitsBudget != nil {
      throw ValidationError(
        "--dry-run knows a plan of bits, not what a search will find; give --bits-plan.")
    }
  }

  func run() throws {
    try common.apply()
    var language = try opening.model(at: model).keepingDense(ignore)
    language.engine = try compute.engine(for: language, default: .auto)
    var settings = try recipe.settings(
      method ?? recipe.preset.method, bits: bits, groupSize: groupSize,
      alpha: language.declaration.migrationStrength, format: try storedFormat)
    sayIdleOptions(settings)
    settings.quantizesHead = quantizesHead
    settings.tableBits = embeddingBits
    try checkOutputs()
    if mixed.bitsBudget != nil, calibration.path != nil {
      // What the run would be refused for is said before a search that takes longer.
      _ = try QuantizationRun(
        model: language, settings: settings,
        calibration: try calibration.read(for: language, recipe.preset), output: output,
        statistics: statistics, memory: memory.budget, interrupted: .discard,
        failurePolicy: onFailure)
    }
    let search = try mixed.search(language, settings, output: output, interruption) {
      try calibration.read(for: language, recipe.preset)
    }
    settings.bitPlan =
      try search?.plan
      ?? mixed.bitsPlan.map { try BitPlan(path: $0, for: language, in: settings.format) }
    let run = try QuantizationRun(
      model: language, settings: settings,
      calibration: try calibration.read(for: language, recipe.preset),
      importance: try importance.map { try GGUFImportance(path: $0, for: language.folder) },
      output: output, statistics: statistics, memory: memory.budget,
      checkpointInterval: Double(interruption.interval),
      // Where only the search was interrupted, there is no run yet to be continued.
      interrupted: search != nil && interruption.resume
        ? .continueIfAny : interruption.interrupted,
      failurePolicy: onFailure,
      base: try again.result(opening))
    guard !dryRun else { return try show(run.forecast()) }
    show(try report(of: run, search), search)
    // Behind the table, which is there whatever the check finds.
    let check = try ResultCheck(of: OutputPath.resolved(output), madeFrom: language) {
      try Catalog.current.model(at: $0, as: opening.family)
    }
    if !common.json { for sentence in check.confirmed { print(sentence) } }
    guard check.findings.isEmpty else { throw ResultError(path: output, findings: check.findings) }
  }
}
