internal import Checkpoint
internal import Formats
internal import Hessian
internal import LinearAlgebra
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
  private let scales: FloatFormat

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
    let shapes = (0..<model.configuration.layerCount).flatMap(model.configuration.linears)
    guard shapes.contains(where: selection.contains) else { throw RunError.nothingSelected }
    for settings in candidates {
      try RunPlan.checkWidths(shapes.filter(selection.contains), settings)
    }
    scales = try RunPlan.scaleFormat(shapes, in: model.folder, candidates[0].format)
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
    var hidden = try calibration.windows.map(model.embeddings)
    var judged = try JudgedStreams(model, text, count: candidates.count)
    var results = [[LinearComparison]](repeating: [], count: candidates.count)
    let layers = model.configuration.layerCount
    let end = text == nil ? selection.lastLayer(of: model.configuration) + 1 : layers
    for layer in 0..<end {
      try tell(Double(layer) / Double(end), "block \(layer)")
      let block = try model.block(layer)
      let isSelected = model.configuration.linears(layer: layer).contains(where: selection.contains)
      let measured = isSelected ? measure(block, &hidden) : pass(block, &hidden)
      judged.passDense(block)
      for (i, settings) in candidates.enumerated() {
        var block = block
        if isSelected {
          results[i] += try compare(&block, measured, settings, layer: layer)
          try tell(
            (Double(layer) + Double(i + 1) / Double(candidates.count)) / Double(end),
            "block \(layer), \(settings.method.name) \(settings.label)")
        }
        judged.pass(block, candidate: i)
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

  private func pass(_ block: DecoderBlock, _ hidden: inout [Matrix]) -> [MeasuredSublayer] {
    hidden.update { _, window in block(&window) }
    return []
  }

  /// Passes the hidden states through a block, and measures its inputs.
  private func measure(_ block: DecoderBlock, _ hidden: inout [Matrix]) -> [MeasuredSublayer] {
    let recipes = candidates.map { $0.recipe(scales: scales) }
    return block.sublayers.map {
      MeasuredSublayer($0, &hidden, recipes, calibrationCount: calibration.calibration.count)
    }
  }

  /// Quantizes the selected Linears of a block.
  private func compare(
    _ block: inout DecoderBlock, _ measured: [MeasuredSublayer],
    _ settings: QuantizationSettings, layer: Int
  ) throws -> [LinearComparison] {
    let recipe = settings.recipe(scales: scales)
    var results: [LinearComparison] = []
    for half in block.sublayers.indices {
      for solved in try measured[half].solve(&block.sublayers[half], recipe, selection) {
        results.append(LinearComparison(solved, layer: layer, settings, scales))
      }
    }
    return results
  }
}
