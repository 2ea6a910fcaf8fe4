internal import Checkpoint
internal import Formats
internal import LinearAlgebra
public import Pipeline
internal import Quantizer
internal import Solvers
public import Transformer

/// The search for the number of bits of each Linear, given how many a weight may have on average.
///
/// One pass of the dense model gives, for each set of Linears that are stored alike (u) and each choice
/// of bits (b), the loss L_u(b) of the recipe: the squared error of the Linears' outputs. Losses of
/// different sets cannot be compared, so a few tokens also pass through versions of the model in which
/// only u is quantized, with r bits. They give K_u, the divergence of the predictions from those of the
/// dense model, and
///
///     K_u(b) = K_u · L_u(b) / L_u(r)
///
/// predicts it for the other choices. `BitAllocation` minimizes the sum over all u.
///
/// The pass costs the time of one comparison of as many recipes as there are choices. Every version
/// costs a forward pass of 1024 tokens from its block on, and the memory of their hidden states.
///
/// papers-notes/mixed-bits.md says where this comes from and how far it can be trusted.
public struct BitSearch {
  private let model: LanguageModel
  private let calibration: CalibrationSet
  private let budget: Double
  private let choices: [Int]
  /// The index of the choice with which divergences are measured.
  private let reference: Int
  private let recipes: [Recipe]

  /// The choices where none are given, as far as engines load them: what lies between is rarely best.
  public static let standardChoices = [2, 3, 4, 5, 6, 8]

  /// Checks that the search can be carried out.
  ///
  /// - Parameters:
  ///   - model: the model to quantize.
  ///   - settings: how to quantize it, except for the number of bits.
  ///   - budget: the mean bits of a weight's code; scales and zero points come on top.
  ///   - choices: the numbers of bits to choose from; nil for ``standardChoices``.
  ///   - calibration: what to learn from; evaluated only after the rest is checked.
  /// - Throws: ``BitSearchError``, ``RunError``, `SchemeError` or ``CheckpointError``, with what to
  ///   change.
  public init(
    model: LanguageModel, settings: QuantizationSettings, budget: Double, choices: [Int]? = nil,
    calibration: @autoclosure () throws -> CalibrationSet?
  ) throws {
    guard model.format == nil else { throw RunError.alreadyQuantized(model.folder.path) }
    try settings.checkSeveralWidths()
    guard !settings.method.keepsOutliers else { throw RunError.cannotStoreOutliers }
    let linears = model.declaration.blocks.indices.flatMap(model.declaration.linears)
    try RunPlan.checkWidths(linears, settings)
    let scales = try RunPlan.scaleFormat(linears, in: model.folder, settings.format)
    var candidates: [QuantizationSettings] = []
    for bits in Set(choices ?? Self.standardChoices).sorted() {
      let candidate = try settings.storing(bits: bits)
      let stored = linears.map { ($0, candidate.linearScheme) }
      do throws(RunError) {
        _ = try EngineCheck(stored, in: settings.format)
        candidates.append(candidate)
      } catch {
        // What the user asked for is not left out silently.
        if choices != nil { throw error }
      }
    }
    self.choices = candidates.map(\.scheme.bits)
    guard let reference = self.choices.lastIndex(where: { Double($0) <= budget }) else {
      throw BitSearchError.budgetTooSmall(budget, least: self.choices.first)
    }
    recipes = candidates.map { $0.recipe(scales: scales) }
    self.reference = reference
    self.model = try model.rotated(for: settings.method)
    self.budget = budget
    guard let calibration = try calibration() else { throw BitSearchError.calibrationNeeded }
    self.calibration = calibration
  }

  /// Runs the search.
  ///
  /// - Parameter progress: called with the share of the work done and the current task; an error that
  ///   it throws ends the search.
  /// - Returns: the plan, with what led to it.
  /// - Throws: ``CheckpointError``, ``StageError``, or what `progress` throws.
  public func run(
    _ progress: (Double, String) throws -> Void = { _, _ in }
  ) throws -> BitSearchReport {
    let clock = ContinuousClock()
    let start = clock.now
    let blocks = model.declaration.blocks.indices
    var stream = Stream(
      try calibration.windows.map(model.embeddings), experts: calibration.experts)
    var probe = try PerturbedStreams(model, calibration)
    var sets: [MeasuredSet] = []
    for index in blocks {
      try progress(Double(index) / Double(blocks.count), "planning, block \(index)")
      let block = try model.block(index)
      let measured = MeasuredBlock(
        block, index: index, &stream, recipes, .all, calibration.roles)
      let solved = try solve(measured, block, index: index) { choice in
        let done = Double(index) + Double(choice + 1) / Double(choices.count + 1)
        try progress(done / Double(blocks.count), "planning, block \(index)")
      }
      probe.pass(block, startingWith: solved.map(\.changed))
      sets += solved.map(\.set)
    }
    try progress(1, "planning, predictions")
    for (i, divergence) in try probe.divergences(of: model).enumerated() {
      sets[i].divergence = divergence
    }
    return try report(sets, tokens: probe.tokenCount, seconds: (clock.now - start).seconds)
  }

  /// Solves a block for each choice.
  ///
  /// - Returns: for each set of Linears, its losses, and the block with only them quantized.
  private func solve(
    _ measured: MeasuredBlock, _ block: DecoderBlock, index: Int, _ progress: (Int) throws -> Void
  ) throws -> [(set: MeasuredSet, changed: DecoderBlock)] {
    let alike = model.declaration.linearsStoredAlike(block: index)
    var result = alike.map { (set: MeasuredSet($0, choices: choices.count), changed: block) }
    let places = Dictionary(
      uniqueKeysWithValues: alike.enumerated().flatMap { i, set in set.map { ($0.name, i) } })
    for (choice, recipe) in recipes.enumerated() {
      for unit in try measured.solutions(recipe) {
        guard let name = unit.names.first, let i = places[name] else { continue }
        result[i].set.losses[choice] += unit.solution.loss * Double(unit.tokens)
        guard choice == reference else { continue }
        for (name, weights) in zip(unit.names, unit.solution.unscaledWeights) {
          result[i].changed.weights.linears[name]?.weight = weights
        }
      }
      try progress(choice)
    }
    return result
  }

  private func report(
    _ sets: [MeasuredSet], tokens: Int, seconds: Double
  ) throws(BitSearchError) -> BitSearchReport {
    let items = sets.map {
      BitAllocation.Item(weights: $0.weights, costs: $0.predictions(reference: reference))
    }
    guard let allocation = BitAllocation(items, bits: choices, budget: budget) else {
      throw .budgetTooSmall(budget, least: choices.first)
    }
    let stages = zip(zip(sets, items), allocation.solve()).map { pair, choice in
      BitSearchReport.Stage(
        linears: pair.0.linears.map(\.name), weights: pair.0.weights, bits: choices[choice],
        predictions: pair.1.costs)
    }
    return BitSearchReport(
      budget: budget, choices: choices, referenceBits: choices[reference], tokens: tokens,
      stages: stages, seconds: seconds)
  }
}

/// What is known about Linears that are stored alike.
private struct MeasuredSet {
  let linears: [LinearShape]
  /// The squared output error for each choice of bits, summed over the calibration tokens.
  var losses: [Double]
  /// The divergence of the predictions when only these Linears are quantized, with the reference bits.
  var divergence = 0.0

  init(_ linears: [LinearShape], choices: Int) {
    self.linears = linears
    losses = [Double](repeating: 0, count: choices)
  }

  var weights: Int { linears.reduce(0) { $0 + $1.rows * $1.columns } }

  /// The divergence for each choice; 0 where no token has seen the Linears.
  func predictions(reference: Int) -> [Double] {
    losses.map { losses[reference] > 0 ? divergence * $0 / losses[reference] : 0 }
  }
}
