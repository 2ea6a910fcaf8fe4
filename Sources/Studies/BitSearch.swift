public import Checkpoint
internal import Formats
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
/// A search that ends early leaves a journal beside the result, if it knows where that will be, and the
/// same search again continues from there. It stays until ``forget(beside:)``, so that an interrupted run
/// finds the plan that it began with.
///
/// papers-notes/mixed-bits.md says where this comes from and how far it can be trusted.
public struct BitSearch {
  let model: LanguageModel
  let calibration: CalibrationSet
  private let budget: Double
  let choices: [Int]
  /// The index of the choice with which divergences are measured.
  let reference: Int
  let recipes: [Recipe]
  /// Where the result will be; nil to keep nothing.
  let output: String?
  let checkpointInterval: Double
  let identity: RunIdentity
  /// What an interrupted search left to be continued.
  let kept: BitSearchJournal?

  /// The choices where none are given, as far as engines load them: what lies between is rarely best.
  public static let standardChoices = [2, 3, 4, 5, 6, 8]

  /// Checks that the search can be carried out.
  ///
  /// - Parameters:
  ///   - model: the model to quantize.
  ///   - settings: how to quantize it, except for the number of bits.
  ///   - budget: the mean bits of a weight's code; scales and zero points come on top.
  ///   - choices: the numbers of bits to choose from; nil for ``standardChoices``.
  ///   - output: where the result will be, beside which a journal is kept; nil for none.
  ///   - checkpointInterval: the seconds of work that an interruption may cost; 0 for those of one block.
  ///   - interrupted: what to do with what an interrupted search left.
  ///   - calibration: what to learn from; evaluated only after the rest is checked.
  /// - Throws: ``BitSearchError``, ``RunError``, `SchemeError` or ``CheckpointError``, with what to
  ///   change.
  public init(
    model: LanguageModel, settings: QuantizationSettings, budget: Double, choices: [Int]? = nil,
    output: String? = nil,
    checkpointInterval: Double = QuantizationRun.defaultCheckpointInterval,
    interrupted: InterruptedRun = .continueIfAny,
    calibration: @autoclosure () throws -> CalibrationSet?
  ) throws {
    guard model.format == nil else { throw RunError.alreadyQuantized(model.folder.path) }
    try settings.checkSeveralWidths()
    guard !settings.method.keepsOutliers else { throw RunError.cannotStoreOutliers }
    let linears = model.declaration.blocks.indices.flatMap(model.declaration.linears)
    try RunPlan.checkWidths(linears) { _ in settings.scheme }
    let scales = try RunPlan.scaleFormat(linears, in: model.folder, settings.format)
    var candidates: [QuantizationSettings] = []
    for bits in Set(choices ?? Self.standardChoices).sorted() {
      let candidate = try settings.storing(bits: bits)
      let stored = linears.map { ($0, candidate.linearScheme) }
      do {
        _ = try EngineCheck(stored, in: settings.format)
        try candidate.checkRounding(linears) { _ in candidate.scheme }
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
    let model = try model.rotated(for: settings.method)
    guard let calibration = try calibration() else { throw BitSearchError.calibrationNeeded }
    var identity = try RunIdentity(model, settings, calibration)
    // Not the budget: what was measured serves any that has the same reference.
    identity.add("choices of bits", self.choices.map(String.init).joined(separator: ","))
    identity.add("reference bits", "\(self.choices[reference])")
    kept = try output.flatMap {
      try interrupted.search(
        of: identity, output: $0, model.declaration, choices: candidates.count)
    }
    self.model = model
    self.budget = budget
    self.calibration = calibration
    self.identity = identity
    self.output = output
    self.checkpointInterval = checkpointInterval
  }

  /// How many blocks an interrupted search had passed, of how many; nil if there is none to continue.
  public var continued: (blocks: Int, count: Int)? {
    kept.map { ($0.blocks, model.declaration.blocks.count) }
  }

  /// Whether there is something that the same search could continue from.
  public var canBeContinued: Bool {
    output.map { (try? BitSearchJournal.identity(beside: $0)) != nil } ?? false
  }

  /// Removes what a search kept beside a result, which is of no use once that is complete.
  ///
  /// - Throws: ``CheckpointError`` if another search is at work there, or it cannot be opened.
  public static func forget(beside output: String) throws(CheckpointError) {
    try BitSearchJournal.remove(beside: output)
  }

  /// Checks that no search is at work, or was interrupted, for a result that is now to be made without one.
  ///
  /// - Throws: ``RunError`` if one was, or ``CheckpointError`` if one is or its journal is damaged.
  public static func checkNone(beside output: String) throws {
    try BitSearchJournal.checkNotInUse(beside: output)
    guard try BitSearchJournal.identity(beside: output) != nil else { return }
    throw RunError.anotherRun(path: output, differences: ["bits: by a budget, now given"])
  }

  /// The best plan under the budget, with what led to it.
  func report(
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

extension InterruptedRun {
  /// The journal of the search to be continued; nil to begin a new one.
  fileprivate func search(
    of identity: RunIdentity, output: String, _ model: ModelDeclaration, choices: Int
  ) throws -> BitSearchJournal? {
    if self == .discard { return nil }
    try identity.checkPrecedesRun(at: output)
    guard let earlier = try BitSearchJournal.identity(beside: output) else {
      guard self != .mustContinue || QuantizationRun.isKept(beside: output) else {
        throw RunError.nothingToContinue(output)
      }
      return nil
    }
    try identity.check(continuing: earlier, at: output)
    return try BitSearchJournal(beside: output, for: model, choices: choices)
  }
}
