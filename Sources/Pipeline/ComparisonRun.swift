internal import Checkpoint
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
  private let selection: LinearSelection
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
    selection: LinearSelection = .all, text: TokenWindows? = nil
  ) throws {
    guard model.format == nil else { throw RunError.alreadyQuantized(model.folder.path) }
    let shapes = (0..<model.configuration.layerCount).flatMap(model.configuration.linears)
    guard shapes.contains(where: selection.contains) else { throw RunError.nothingSelected }
    for settings in candidates {
      try RunPlan.checkWidths(shapes.filter(selection.contains), settings)
    }
    scales = try RunPlan.scaleFormat(shapes, in: model.folder, candidates[0].format)
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
    let perplexities = try judged.perplexities(of: model)
    return ComparisonReport(
      model: model.folder.path.split(separator: "/").last.map(String.init) ?? model.folder.path,
      calibrationTokens: calibration.calibration.count * calibration.length,
      heldOutTokens: calibration.heldOut.count * calibration.length,
      candidates: candidates.indices.map { i in
        ComparisonReport.Candidate(
          method: candidates[i].method.name, scheme: candidates[i].label,
          bits: candidates[i].scheme.bits, linears: results[i],
          perplexity: perplexities?.candidates[i])
      },
      densePerplexity: perplexities?.dense, seconds: (clock.now - start).seconds)
  }

  /// Passes the hidden states through a block; gives the statistics of its four inputs, two for each
  /// sublayer.
  private func measure(_ block: DecoderBlock, _ hidden: inout [Matrix]) -> [[LayerInput]] {
    block.sublayers.map { sublayer in
      var input = StageStatistics(
        channels: sublayer.inputLinears[0].weight.columns,
        calibrationCount: calibration.calibration.count, collectsHistogram: needsHistogram)
      var inner = StageStatistics(
        channels: sublayer.outputLinear.weight.columns,
        calibrationCount: calibration.calibration.count, collectsHistogram: needsHistogram)
      hidden.updateMeasuring { window in
        let x = sublayer.input(window)
        let y = sublayer.inner(x)
        sublayer.addOutput(y, to: &window)
        return (x, y)
      } use: { i, x, y in
        input.add(x, window: i)
        inner.add(y, window: i)
      }
      return [input.input, inner.input]
    }
  }

  /// Whether some candidate's observer asks for the histograms of inputs.
  private var needsHistogram: Bool {
    candidates.contains { $0.recipe(scales: scales).activations?.needsHistogram ?? false }
  }

  private func pass(_ block: DecoderBlock, _ hidden: inout [Matrix]) -> [[LayerInput]] {
    hidden.update { _, window in block(&window) }
    return []
  }

  /// Quantizes the selected Linears of a block.
  private func compare(
    _ block: inout DecoderBlock, _ inputs: [[LayerInput]], _ settings: QuantizationSettings,
    layer: Int
  ) throws -> [LinearComparison] {
    let recipe = settings.recipe(scales: scales)
    var results: [LinearComparison] = []
    for half in block.sublayers.indices {
      results += try compare(
        &block.sublayers[half], inputs[half], recipe, settings, layer: layer)
    }
    return results
  }

  private func compare(
    _ sublayer: inout any Sublayer, _ inputs: [LayerInput], _ recipe: Recipe,
    _ settings: QuantizationSettings, layer: Int
  ) throws -> [LinearComparison] {
    let clock = ContinuousClock()
    let start = clock.now
    let weights = sublayer.inputLinears.map(\.weight) + [sublayer.outputLinear.weight]
    let first = try recipe.solve(
      stage: sublayer.inputStage(inputs[0], judgedOn: []), measuringRows: true)
    sublayer.adopt(input: first)
    let second = try recipe.solve(stage: sublayer.innerStage(inputs[1]), measuringRows: true)
    let solutions = try sublayer.adopt(
      inner: second, after: first, scales: recipe.gridRule.scaleFormat)
    let seconds = (clock.now - start).seconds
    let total = Double(weights.reduce(0) { $0 + $1.elements.count })
    return zip(solutions, weights).enumerated().compactMap { i, pair in
      let (solution, weight) = pair
      guard selection.contains(solution.shape) else { return nil }
      return LinearComparison(
        solution, of: weight, layer: layer, settings, scales,
        factors: i < first.linears.count ? first.factors : second.factors,
        seconds: seconds * Double(weight.elements.count) / total)
    }
  }
}

extension LayerSolution {
  /// The name and shape of the Linear.
  fileprivate var shape: LinearShape {
    LinearShape(name: name, rows: quantized.rows, columns: quantized.columns)
  }
}
