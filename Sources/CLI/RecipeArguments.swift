import ArgumentParser
import Formats
import Hessian
import Pipeline
import Quantizer
import Solvers
import Transformer

/// Options of all commands that quantize, besides the method, bits and group size.
struct RecipeArguments: ParsableArguments {
  @Option(
    help: """
      Defaults for method, range, order, correction and first positions: fast, plain GPTQ; balanced, \
      GPTQ with corrected targets and grids chosen inside the solve; best, that with cd. Where \
      --methods names the methods, only the rest applies.
      """)
  var preset = Preset.balanced

  @Flag(
    help: """
      Zero in the middle of the codes, or a zero point for each group; weights under rounded \
      inputs are always symmetric. (default: --symmetric; --asymmetric with --format mlx)
      """)
  var symmetry: Symmetry?

  @Option(
    help: """
      How wide the range of a group is: \(Choices.ranges); solve chooses it with the codes, where \
      whole groups of at most 256 columns are visited, and is squared-error elsewhere. (default: by \
      preset)
      """)
  var range: GridRule.Range?

  @Option(
    help: """
      The order in which columns are visited: \(Choices.orders) (gptq, cd, beam, signround). \
      (default: by preset)
      """)
  var order: ColumnOrder?

  @Option(
    help: """
      Share of the mean diagonal that is added to the Hessian's diagonal, 0 to 1; auto solves with \
      \(Choices.dampings) and keeps what suits the held-out tokens of each stage best (gptq, cd, \
      beam, signround).
      """)
  var damping = DampingChoice.fixed(Damping())

  @Option(
    help: """
      Share of the correction for the error of earlier Linears, 0 to 1; held-out for what suits \
      held-out tokens best; gptaq for that of GPTAQ; off for none. (default: by preset)
      """)
  var correction: CorrectionChoice?

  @Option(
    help: """
      Migration strength, 0 to 1, or search (smoothquant). (default: by model family; 0.5 \
      for one layer)
      """)
  var alpha: Alpha?

  @Flag(
    name: .customLong("asymmetric-activations"),
    help: "Round inputs to integers with a zero point (int8, static, smoothquant).")
  var hasAsymmetricActivations = false

  @Option(help: "How the range of static inputs is chosen (static): \(Choices.observers).")
  var observer = Observer.minMax

  @Option(
    help: """
      Input channels that stay in 16 bit (outliers): those with an input of at least this \
      magnitude, or top:K for the K largest.
      """)
  var outliers = OutlierRule.paper

  /// The settings of a method.
  ///
  /// The defaults are the rounding's bits in groups of 128, or 8 bits per channel if inputs are rounded to integers too.
  func settings(
    _ method: Method, bits: CodeBits?, groupSize: GroupSize?, alpha familyAlpha: Float,
    format: FormatChoice = .standard, grid: GridChoice = .integer
  ) throws -> QuantizationSettings {
    try checkObserver(method, in: format.format)
    let rounds = method.activations != nil
    let isInt8 = method.roundsInputsToIntegers
    let own = bits == nil && groupSize == nil ? format.format.standardScheme : nil
    let isTernary = bits == .ternary
    try checkTernary(isTernary, grid)
    return QuantizationSettings(
      scheme: try own
        ?? Scheme(
          bits: bits?.count ?? (isInt8 ? 8 : method.rounding.standardBits),
          points: rounds || isTernary ? .symmetric : grid.points(symmetry, in: format.format),
          granularity: groupSize?.granularity ?? (isInt8 ? .channel : .group(128)),
          isNarrow: isTernary),
      range: range ?? preset.range, method: method,
      options: MethodOptions(
        order: order ?? preset.order, damping: damping.start, searchesDamping: damping == .auto,
        migrationStrength: alpha?.strength ?? .fixed(familyAlpha)),
      correction: correction.map(\.correction) ?? preset.correction,
      symmetricActivations: !hasAsymmetricActivations, observer: observer, outliers: outliers,
      format: format.format)
  }

  /// Checks that ternary codes and the rule that is made for them are not mixed with others.
  private func checkTernary(_ isTernary: Bool, _ grid: GridChoice) throws {
    guard !isTernary || symmetry != .asymmetric && grid == .integer else {
      throw ValidationError(
        "--bits ternary: the points are -1, 0 and 1, which are symmetric integers.")
    }
    guard isTernary || range != .absMean else {
      throw ValidationError("--range abs-mean is for --bits ternary.")
    }
  }

  /// Checks that the observer knows how inputs are rounded.
  private func checkObserver(_ method: Method, in format: any CheckpointFormat) throws {
    let number = method.activationNumber ?? format.standardActivations?.number
    guard number == .float && method.activations == .tensor || number == .nvfp4,
      observer == .squaredError || observer == .entropy
    else { return }
    let floats = number == .nvfp4 ? "NVFP4" : "FP8"
    throw ValidationError(
      "--observer \(observer.name) places integers; with inputs in \(floats) give min-max, moving-average or percentile:P."
    )
  }
}
