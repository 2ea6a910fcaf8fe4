internal import Checkpoint
public import Formats
internal import LinearAlgebra
internal import Solvers
public import Transformer

/// From folder to folder: quantizes every Linear of every block, in one pass over the tokens.
///
/// ```swift
/// let run = try QuantizationRun(
///   model: LanguageModel(ModelFolder(path: "SmolLM2")), settings: settings,
///   calibration: calibration, output: "SmolLM2-4bit")
/// let report = try run.run { event in … }
/// ```
///
/// Memory: one block's weights, one stage's statistics, and, as far as a budget allows, the hidden states of all windows
/// and the inner activations (``MemoryPlan``).
///
/// A run that ends early, in whatever way, leaves a journal beside the output, and the same run again
/// continues from there. The result is that of a run without interruption, byte for byte.
public struct QuantizationRun {
  let model: LanguageModel
  let settings: QuantizationSettings
  let calibration: CalibrationSet?
  /// What is known of the inputs without a text.
  let importance: GGUFImportance?
  let output: String
  private let statistics: String?
  let memory: MemoryPlan
  private let checkpointInterval: Double
  let failurePolicy: FailurePolicy
  /// What is taken over from another result.
  let taken: TakenLinears?
  /// The Linears that stay as they are because they could not be quantized when that result was made.
  let unquantizedBefore: [FailedLinear]
  let plan: RunPlan
  let identity: RunIdentity
  /// What an interrupted run left to be continued.
  let journal: Journal?

  /// The seconds between two checkpoints, unless told.
  public static let defaultCheckpointInterval = 300.0

  /// Checks that the run can be carried out.
  ///
  /// Nothing is written.
  ///
  /// - Parameters:
  ///   - model: the model to quantize.
  ///   - settings: how to quantize it.
  ///   - calibration: what to learn from; evaluated only after the folders and the model are
  ///     checked.
  ///   - importance: the mean squares of the inputs, to quantize by in place of a text: H is a diagonal then, so
  ///     there is no feedback between columns, and no target is corrected.
  ///   - output: the folder to write.
  ///   - statistics: a second folder to write, with a ``StatisticsFile`` for every input; nil for
  ///     none.
  ///   - budget: how much memory the run may take; where it is short, hidden states wait in a file, and inner
  ///     activations are computed twice.
  ///   - checkpointInterval: the seconds of work that an interruption may cost; 0 for those of one block.
  ///   - interrupted: what to do with what an interrupted run left.
  ///   - failurePolicy: what to do about a Linear that cannot be quantized. To keep one dense, its block is
  ///     solved again without it, so each block's hidden states and solutions are held until it is done.
  ///   - base: a result from which the Linears that it does not name are taken over; nil to solve all.
  /// - Throws: ``RunError`` or ``CheckpointError``, with what to change.
  public init(
    model: LanguageModel, settings: QuantizationSettings,
    calibration: @autoclosure () throws -> CalibrationSet?, importance: GGUFImportance? = nil,
    output: String, statistics: String? = nil, memory budget: MemoryBudget = .unlimited,
    checkpointInterval: Double = QuantizationRun.defaultCheckpointInterval,
    interrupted: InterruptedRun = .continueIfAny, failurePolicy: FailurePolicy = .stop,
    base: BaseResult? = nil
  ) throws {
    try FolderSink.checkIsFree(output)
    var model = try model.rotated(for: settings.method)
    var taken: TakenLinears?
    var settings = settings
    if let base {
      let original = model
      (taken, model) = try base.taken(by: settings, of: original)
      if taken?.head != nil { settings.quantizesHead = false }
      if base.redoesHead(of: original) { settings.quantizesHead = true }
    }
    plan = try RunPlan(model, settings, taking: taken)
    let calibration = try calibration()
    if let importance {
      guard calibration == nil else { throw RunError.twoSources }
      guard settings.needsOnlyMeanSquares else {
        throw RunError.importanceFalls(method: settings.method.name)
      }
      for linear in plan.blocks.joined() { _ = try importance.entry(of: linear) }
      if let head = plan.head, !importance.knows(head) {
        throw RunError.headWithoutImportance(importance.path)
      }
    }
    if settings.method.needsCalibration && calibration == nil && importance == nil {
      throw RunError.calibrationNeeded(method: settings.method.name)
    }
    if settings.format.cache != nil && calibration == nil { throw RunError.cacheNeedsCalibration }
    if statistics != nil && calibration == nil { throw RunError.nothingToKeep }
    memory = try Self.memory(
      of: model, plan, windows: calibration?.windows ?? [],
      corrects: settings.correction != nil && calibration != nil, within: budget)
    identity = try RunIdentity(
      model, settings, calibration, importance, statistics: statistics, base: base?.fact)
    journal = try interrupted.journal(of: identity, output: output)
    if let statistics, journal == nil { try FolderSink.checkIsFree(statistics) }
    self.checkpointInterval = checkpointInterval
    self.failurePolicy = failurePolicy
    self.taken = taken
    let solved = Set(plan.blocks.joined().map(\.name))
    unquantizedBefore = base?.report.unquantized.filter { !solved.contains($0.name) } ?? []
    self.statistics = statistics
    self.model = model
    self.settings = settings
    self.calibration = calibration
    self.importance = importance
    self.output = output
  }

  /// Quantizes the model and writes the folder.
  ///
  /// After an error there is no folder at the output path; what the last checkpoint kept is beside it.
  ///
  /// - Parameter send: called with each event, on the calling thread; an error that it throws ends
  ///   the run.
  /// - Returns: what each Linear lost; the same report is written to the folder.
  /// - Throws: ``CheckpointError``, ``StageError``, or what `send` throws.
  public func run(_ send: (RunEvent) throws -> Void = { _ in }) throws -> RunReport {
    let clock = ContinuousClock()
    let start = clock.now
    let phases = PhaseClock()
    if let loaders = plan.engines.loaders { try send(.loaders(loaders)) }
    for warning in warnings { try send(.warning(warning)) }
    try model.checkEnds()
    if let journal { try send(.continuing(block: journal.blocks, of: plan.blocks.count)) }
    let sink =
      try journal == nil
      ? settings.format.sink(path: output, tensors: plan.tensors)
      : settings.format.sink(continuing: output, tensors: plan.tensors)
    let workspace = try sink.workspace()
    try phases.during(.writing) {
      try sink.copy(plan.copied + plan.taken, from: model.folder, leaving: RunReport.fileName)
    }
    var report = emptyReport
    report.tables = (taken?.tableReports ?? []) + (try storeTables(into: sink))
    let recipe = settings.recipe(scales: plan.scales)
    var quantizer = BlockQuantizer(
      recipe: recipe,
      recipes: plan.schemes.mapValues { settings.recipe(storing: $0, scales: plan.scales) },
      roles: calibration?.roles ?? WindowRoles(calibration: 0),
      measuresCache: settings.format.cache != nil, clock: phases, importance: importance)
    if let statistics {
      let folder = try StatisticsFolder(
        at: statistics, isContinued: journal != nil, repeatsBlocks: failurePolicy == .keepDense)
      quantizer.keep = folder.write
    }
    var isComplete = false
    // Statistics of half a model are of use only to a run that continues.
    defer { if !isComplete, !canBeContinued { statistics.map(StatisticsFolder.remove) } }
    var (stream, original) = try streams(correcting: recipe.correction != nil, workspace)
    try solveBlocks(by: quantizer, &stream, beside: &original, into: sink, &report, send)
    try solveHead(behind: stream, beside: original, by: quantizer, into: sink, &report, send)
    try model.forEachRotatedTensor { name, bytes in
      if name == plan.head.map({ "\($0.name).weight" }) { return }
      // Safety: bytes have no padding, so all of the memory is initialized.
      try unsafe sink.store(name, bytes.span.bytes)
    }
    try commit(&report, to: sink, phases)
    isComplete = true
    report.seconds = (clock.now - start).seconds
    report.phases = phases.seconds
    report.peakMemory = SystemProbe.peakMemory
    return report
  }

  /// Solves the blocks that are left, one after the other, with checkpoints in between.
  private func solveBlocks(
    by quantizer: BlockQuantizer, _ stream: inout Stream, beside original: inout Stream?,
    into sink: any ResultSink, _ report: inout RunReport, _ send: (RunEvent) throws -> Void
  ) throws {
    let workspace = try sink.workspace()
    var checkpoints = Checkpoints(every: checkpointInterval)
    for index in plan.blocks.indices.dropFirst(journal?.blocks ?? 0) {
      try solveBlock(index, by: quantizer, &stream, beside: &original, into: sink, &report, send)
      // What is left to solve behind the last block is the head.
      guard let workspace, index + 1 < plan.blocks.count || plan.head != nil else { continue }
      try quantizer.clock.during(.writing) {
        try checkpoints.writeIfDue {
          try sink.sync()
          try Journal(
            identity: identity, blocks: index + 1, linears: report.linears,
            unquantized: report.unquantized
          ).write(to: workspace, stream, beside: original)
        }
      }
    }
  }

  /// Whether there is something that the same run could continue from.
  public var canBeContinued: Bool { Self.isKept(beside: output) }

  /// Whether a run to a result was interrupted and can be continued.
  package static func isKept(beside output: String) -> Bool {
    (try? Journal(in: FolderSink.workspace(for: output))) != nil
  }

  /// The hidden states in front of the first block to be solved.
  private func streams(
    correcting: Bool, _ workspace: String?
  ) throws -> (quantized: Stream, original: Stream?) {
    let windows = calibration?.windows ?? []
    let width = model.declaration.hiddenSize
    let kept = try journal.flatMap { journal in
      try workspace.map { try KeptStates(behind: journal.blocks, in: $0) }
    }
    func stream(_ name: String) throws -> Stream {
      try Stream(
        lengths: windows.map(\.count), hiddenSize: width, heldBudget: memory.heldBudget,
        experts: calibration?.experts ?? .routed,
        puttingAwayIn: memory.putsStatesAway ? workspace : nil
      ) { i in
        try kept?.window(name, i, rows: windows[i].count, columns: width)
          ?? model.embeddings(of: windows[i])
      }
    }
    return (try stream("quantized"), correcting ? try stream("original") : nil)
  }
}
