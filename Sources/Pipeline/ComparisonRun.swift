internal import Checkpoint
internal import Formats
internal import Quantizer
internal import Solvers
public import Transformer

/// Several recipes on the Linears of a model, all from the statistics of one calibration pass.
///
/// The hidden states that statistics are made of go through the model as it came, so every recipe
/// sees the same inputs. For perplexities each recipe has hidden states of its own besides, which go
/// through its quantized blocks.
public struct ComparisonRun {
  private let model: LanguageModel
  private let candidates: [QuantizationSettings]
  private let calibration: CalibrationSet
  private let selection: LinearFilter
  private let text: TokenWindows?
  private let recipes: [Recipe]

  /// Checks that the comparison can be done as asked.
  ///
  /// - Parameters:
  ///   - model: what to quantize.
  ///   - candidates: the recipes.
  ///   - calibration: what to learn from.
  ///   - selection: the Linears to look at.
  ///   - text: what to predict with the whole model, quantized by each recipe; nil for nothing.
  /// - Throws: ``RunError`` or ``CheckpointError``, with what to change.
  public init(
    model: LanguageModel, candidates: [QuantizationSettings], calibration: CalibrationSet,
    selection: LinearFilter = .all, text: TokenWindows? = nil
  ) throws {
    precondition(!candidates.isEmpty, "a comparison of nothing")
    guard model.format == nil else { throw RunError.alreadyQuantized(model.folder.path) }
    let blocks = model.declaration.blocks.indices
    let selected = blocks.flatMap { selection.linears(of: model.declaration, block: $0) }
    guard !selected.isEmpty else { throw RunError.nothingSelected }
    for settings in candidates { try RunPlan.checkWidths(selected, settings) }
    let shapes = blocks.flatMap(model.declaration.linears)
    recipes = try candidates.map {
      $0.recipe(scales: try RunPlan.scaleFormat(shapes, in: model.folder, $0.format))
    }
    guard text == nil || selection.isEverything else { throw RunError.partialPerplexity }
    self.model = model
    self.candidates = candidates
    self.calibration = calibration
    self.selection = selection
    self.text = text
  }

  /// Compares.
  ///
  /// - Parameter tell: is called with the share of the work done, and what is being worked on; what
  ///   it throws ends the run.
  /// - Returns: what each recipe made of each selected Linear.
  /// - Throws: ``CheckpointError`` or ``StageError``.
  public func run(_ tell: (Double, String) throws -> Void = { _, _ in }) throws -> ComparisonReport
  {
    let clock = ContinuousClock()
    let start = clock.now
    var stream = Stream(try calibration.windows.map(model.embeddings))
    var judged = try JudgedStreams(model, text, count: candidates.count)
    var results = [[LinearComparison]](repeating: [], count: candidates.count)
    let blocks = model.declaration.blocks.indices
    let last = blocks.last { !selection.linears(of: model.declaration, block: $0).isEmpty }
    let end = text == nil ? (last ?? 0) + 1 : blocks.count
    for index in 0..<end {
      try tell(Double(index) / Double(end), "block \(index)")
      let block = try model.block(index)
      let measured = MeasuredBlock(
        block, index: index, &stream, recipes, selection,
        calibrationCount: calibration.calibration.count)
      judged.passDense(block)
      for (i, settings) in candidates.enumerated() {
        var quantized = text == nil ? nil : block
        for solved in try measured.solve(recipes[i], &quantized) {
          results[i].append(LinearComparison(solved, block: index, settings, recipes[i]))
        }
        try tell(
          (Double(index) + Double(i + 1) / Double(candidates.count)) / Double(end),
          "block \(index), \(settings.method.name) \(settings.label)")
        if let quantized { judged.pass(quantized, candidate: i) }
      }
    }
    var report = report(of: results, perplexities: try judged.perplexities(of: model))
    report.seconds = (clock.now - start).seconds
    return report
  }

  private func report(
    of results: [[LinearComparison]], perplexities: (dense: Double, candidates: [Double])?
  ) -> ComparisonReport {
    ComparisonReport(
      model: model.folder.path.split(separator: "/").last.map(String.init) ?? model.folder.path,
      calibrationTokens: calibration.calibration.count * calibration.length,
      heldOutTokens: calibration.heldOut.count * calibration.length,
      candidates: candidates.indices.map { i in
        ComparisonReport.Candidate(
          method: candidates[i].method.name, scheme: candidates[i].label,
          bits: candidates[i].scheme.bits, linears: results[i],
          perplexity: perplexities?.candidates[i])
      },
      densePerplexity: perplexities?.dense, seconds: 0)
  }
}
