internal import Checkpoint
internal import Formats
public import Pipeline
internal import Quantizer
internal import Solvers
public import Transformer

/// Several recipes on the Linears of a model, with the statistics of one calibration pass.
///
/// The statistics come from hidden states of the dense model, so every recipe sees the same inputs.
/// For perplexities, each recipe also has hidden states of its own, which go through its quantized
/// blocks.
public struct ComparisonRun {
  private let model: LanguageModel
  private let candidates: [QuantizationSettings]
  private let calibration: CalibrationSet
  private let selection: LinearFilter
  private let text: TokenWindows?
  private let recipes: [Recipe]

  /// Checks that the comparison can be carried out.
  ///
  /// - Parameters:
  ///   - model: the model to quantize.
  ///   - candidates: the recipes.
  ///   - calibration: what to learn from.
  ///   - selection: the Linears to quantize.
  ///   - text: the windows on which each quantized model's perplexity is measured; nil for none.
  /// - Precondition: there is a candidate.
  /// - Throws: ``RunError`` or ``CheckpointError``, with what to change.
  public init(
    model: LanguageModel, candidates: [QuantizationSettings], calibration: CalibrationSet,
    selection: LinearFilter = .all, text: TokenWindows? = nil
  ) throws {
    precondition(!candidates.isEmpty, "a comparison needs a candidate")
    guard model.format == nil else { throw RunError.alreadyQuantized(model.folder.path) }
    guard Set(candidates.map(\.method.rotates)).count == 1 else { throw RunError.rotationDiffers }
    let blocks = model.declaration.blocks.indices
    let selected = blocks.flatMap { selection.linears(of: model.declaration, block: $0) }
    guard !selected.isEmpty else { throw RunError.nothingSelected }
    for settings in candidates {
      try RunPlan.checkWidths(selected) { _ in settings.scheme }
      try settings.checkRounding(selected) { _ in settings.scheme }
    }
    let shapes = blocks.flatMap(model.declaration.linears)
    recipes = try candidates.map {
      $0.recipe(scales: try RunPlan.scaleFormat(shapes, in: model.folder, $0.format))
    }
    guard text == nil || selection.isEverything else { throw RunError.partialPerplexity }
    self.model = try model.rotated(for: candidates[0].method)
    self.candidates = candidates
    self.calibration = calibration
    self.selection = selection
    self.text = text
  }

  /// Runs the comparison.
  ///
  /// - Parameter progress: called with the share of the work done and the current task; an error that
  ///   it throws ends the run.
  /// - Returns: what each recipe did to each selected Linear.
  /// - Throws: ``CheckpointError``, ``StageError``, or what `progress` throws.
  public func run(_ progress: (Double, String) throws -> Void = { _, _ in }) throws
    -> ComparisonReport
  {
    let clock = ContinuousClock()
    let start = clock.now
    var stream = Stream(
      try calibration.windows.map(model.embeddings), experts: calibration.experts)
    var judged = try JudgedStreams(model, text, count: candidates.count)
    var results = [[LinearComparison]](repeating: [], count: candidates.count)
    let blocks = model.declaration.blocks.indices
    let last = blocks.last { !selection.linears(of: model.declaration, block: $0).isEmpty }
    let end = text == nil ? (last ?? 0) + 1 : blocks.count
    for index in 0..<end {
      try progress(Double(index) / Double(end), "block \(index)")
      let block = try model.block(index)
      let measured = try MeasuredBlock(
        block, index: index, &stream, recipes, selection,
        calibration.roles)
      try judged.passDense(block)
      for (i, settings) in candidates.enumerated() {
        var quantized = text == nil ? nil : block
        for solved in try measured.solve(recipes[i], &quantized) {
          results[i].append(LinearComparison(solved, block: index, settings, recipes[i]))
        }
        try progress(
          (Double(index) + Double(i + 1) / Double(candidates.count)) / Double(end),
          "block \(index), \(settings.method.name) \(settings.label)")
        if let quantized { try judged.pass(quantized, candidate: i) }
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
