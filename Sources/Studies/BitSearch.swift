public import Checkpoint
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
/// A search that ends early leaves a journal beside the result, if it knows where that will be, and the
/// same search again continues from there. It stays until ``forget(beside:)``, so that an interrupted run
/// finds the plan that it began with.
///
/// papers-notes/mixed-bits.md says where this comes from and how far it can be trusted.
public struct BitSearch {
  let model: LanguageModel
  let calibration: CalibrationSet
  private let budget: Double
  /// The choices, those of the fewest bits first.
  let choices: [BitChoice]
  /// The index of the choice with which divergences are measured.
  let reference: Int
  /// The format of the scales.
  let scales: FloatFormat
  /// The Linears of each block, in sets that are stored alike.
  let sets: [[[LinearShape]]]
  /// Where the result will be; nil to keep nothing.
  let output: String?
  let checkpointInterval: Double
  let identity: RunIdentity
  /// What an interrupted search left to be continued.
  let kept: BitSearchJournal?

  /// The choices where none are given, as far as engines load them: what lies between is rarely best.
  public static let standardChoices: [BitPlan.Entry] = [2, 3, 4, 5, 6, 8]

  /// The choices where none are given for a format that has types: those of llama.cpp in super-blocks.
  public static let standardTypes: [BitPlan.Entry] = [
    "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_0",
  ]

  /// Checks that the search can be carried out.
  ///
  /// - Parameters:
  ///   - model: the model to quantize.
  ///   - settings: how to quantize it, except for the number of bits.
  ///   - budget: the mean bits of a weight's code; scales and zero points come on top, unless the format counts whole
  ///     blocks.
  ///   - choices: the numbers of bits, or types of the format, to choose from; nil for ``standardChoices`` or
  ///     ``standardTypes``.
  ///   - output: where the result will be, beside which a journal is kept; nil for none.
  ///   - checkpointInterval: the seconds of work that an interruption may cost; 0 for those of one block.
  ///   - interrupted: what to do with what an interrupted search left.
  ///   - calibration: what to learn from; evaluated only after the rest is checked.
  /// - Throws: ``BitSearchError``, ``RunError``, `SchemeError` or ``CheckpointError``, with what to
  ///   change.
  public init(
    model: LanguageModel, settings: QuantizationSettings, budget: Double,
    choices: [BitPlan.Entry]? = nil, output: String? = nil,
    checkpointInterval: Double = QuantizationRun.defaultCheckpointInterval,
    interrupted: InterruptedRun = .continueIfAny,
    calibration: @autoclosure () throws -> CalibrationSet?
  ) throws {
    guard model.format == nil else { throw RunError.alreadyQuantized(model.folder.path) }
    try settings.checkSeveralWidths()
    guard !settings.method.keepsOutliers else { throw RunError.cannotStoreOutliers }
    let linears = model.declaration.blocks.indices.flatMap(model.declaration.linears)
    try settings.format.check(model.folder)
    scales = try RunPlan.scaleFormat(linears, in: model.folder, settings.format)
    sets = try model.declaration.blocks.indices.map {
      try model.linearsStoredAlike(block: $0, in: settings.format)
    }
    self.choices = try Self.choices(choices, linears, of: model, settings)
    let limit = budget * Double(linears.reduce(0) { $0 + $1.rows * $1.columns })
    // A budget such as 3.1 is not exactly representable.
    let sizes = self.choices.map { Double($0.size(of: linears)) * (1 - 1e-9) }
    guard let reference = sizes.lastIndex(where: { $0 <= limit }) else {
      throw BitSearchError.budgetTooSmall(
        budget, least: sizes.min().map { $0 / max(1, limit / budget) })
    }
    self.reference = reference
    let model = try model.rotated(for: settings.method)
    guard let calibration = try calibration() else { throw BitSearchError.calibrationNeeded }
    var identity = try RunIdentity(model, settings, calibration)
    // Not the budget: what was measured serves any that has the same reference.
    identity.add("choices of bits", self.choices.map(\.entry.description).joined(separator: ","))
    identity.add("reference bits", "\(self.choices[reference].entry)")
    kept = try output.flatMap { [sets, choices = self.choices] in
      try interrupted.search(of: identity, output: $0, sets, choices: choices.count)
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

  /// The choices that are possible, those of the fewest bits first.
  ///
  /// - Throws: what is wrong with one that was asked for; others are left out.
  private static func choices(
    _ wanted: [BitPlan.Entry]?, _ linears: [LinearShape], of model: LanguageModel,
    _ settings: QuantizationSettings
  ) throws -> [BitChoice] {
    let standard = settings.format.wantsTypes ? standardTypes : standardChoices
    var result: [BitChoice] = []
    for entry in wanted ?? standard where !result.contains(where: { $0.entry == entry }) {
      do {
        result.append(try BitChoice(entry, linears, of: model, settings))
      } catch {
        // What the user asked for is not left out silently.
        if wanted != nil { throw error }
      }
    }
    return result.enumerated()
      .sorted { ($0.1.size(of: linears), $0.0) < ($1.1.size(of: linears), $1.0) }.map(\.1)
  }

  /// The best plan under the budget, with what led to it.
  func report(
    _ measured: [MeasuredSet], tokens: Int, seconds: Double
  ) throws(BitSearchError) -> BitSearchReport {
    let items = measured.map { set in
      BitAllocation.Item(
        sizes: choices.map { $0.size(of: set.linears) },
        costs: set.predictions(reference: reference))
    }
    let weights = measured.reduce(0) { $0 + $1.weights }
    guard let allocation = BitAllocation(items, budget: budget * Double(weights)) else {
      throw .budgetTooSmall(budget, least: nil)
    }
    let stages = zip(zip(measured, items), allocation.solve()).map { pair, choice in
      BitSearchReport.Stage(
        linears: pair.0.linears.map(\.name), weights: pair.0.weights, bits: pair.1.sizes[choice],
        choice: choice, predictions: pair.1.costs)
    }
    return BitSearchReport(
      budget: budget, choices: choices.map(\.entry), reference: reference, tokens: tokens,
      stages: stages, seconds: seconds)
  }
}

extension InterruptedRun {
  /// The journal of the search to be continued; nil to begin a new one.
  fileprivate func search(
    of identity: RunIdentity, output: String, _ sets: [[[LinearShape]]], choices: Int
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
    return try BitSearchJournal(beside: output, for: sets, choices: choices)
  }
}
