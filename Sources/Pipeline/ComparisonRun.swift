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
    let blocks = (0..<model.configuration.layerCount).map(model.configuration.linears)
    // A block is solved as a whole, whatever of it is selected.
    let solved = blocks.filter { $0.contains(where: selection.contains) }.flatMap(\.self)
    guard !solved.isEmpty else { throw RunError.nothingSelected }
    for settings in candidates { try RunPlan.checkWidths(solved, settings) }
    scales = try RunPlan.scaleFormat(blocks.joined(), in: model.folder, candidates[0].format)
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

  /// What the recipes may know of a sublayer.
  private struct Measurement {
    /// The statistics of its two inputs.
    let input, inner: LayerInput
    /// Hidden states before it, where some recipe judges by its output.
    let windows: [Matrix]
  }

  /// Passes the hidden states through a block; gives what is to be known of its sublayers.
  private func measure(_ block: DecoderBlock, _ hidden: inout [Matrix]) -> [Measurement] {
    let judge = candidates.map { $0.recipe(scales: scales) }
      .first { $0.transform?.judgesOutput == true }
    return block.sublayers.map { sublayer in
      let windows = judge?.judgingWindows(hidden.prefix(calibration.calibration.count)) ?? []
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
      return Measurement(input: input.input, inner: inner.input, windows: windows)
    }
  }

  /// Whether some candidate's observer asks for the histograms of inputs.
  private var needsHistogram: Bool {
    candidates.contains { $0.recipe(scales: scales).activations?.needsHistogram ?? false }
  }

  private func pass(_ block: DecoderBlock, _ hidden: inout [Matrix]) -> [Measurement] {
    hidden.update { _, window in block(&window) }
    return []
  }

  /// Quantizes the selected Linears of a block.
  private func compare(
    _ block: inout DecoderBlock, _ inputs: [Measurement], _ settings: QuantizationSettings,
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
    _ sublayer: inout any Sublayer, _ measured: Measurement, _ recipe: Recipe,
    _ settings: QuantizationSettings, layer: Int
  ) throws -> [LinearComparison] {
    let clock = ContinuousClock()
    let start = clock.now
    let weights = sublayer.inputLinears.map(\.weight) + [sublayer.outputLinear.weight]
    let first = try recipe.solve(
      stage: sublayer.inputStage(measured.input, judgedOn: measured.windows), measuringRows: true)
    sublayer.adopt(input: first)
    let second = try recipe.solve(
      stage: sublayer.innerStage(measured.inner, recipe.scheme), measuringRows: true)
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

extension LinearComparison {
  fileprivate init(
    _ solution: LayerSolution, of weight: Matrix, layer: Int, _ settings: QuantizationSettings,
    _ scales: FloatFormat, factors: [Float]?, seconds: Double
  ) {
    let energy = (0..<weight.rows).reduce(0.0) {
      $0 + Double(VectorMath.dot(weight.row($1), weight.row($1)))
    }
    self.init(
      name: solution.name, layer: layer, rows: weight.rows, columns: weight.columns,
      error: solution.error,
      weightMSE: solution.error.weight * energy / Double(max(1, weight.elements.count)),
      clippedShare: solution.clippedShare,
      bitsPerWeight: settings.bitsPerWeight(of: solution, scales: scales), seconds: seconds,
      inputScales: factors)
  }
}
