internal import Formats
internal import LinearAlgebra
internal import Solvers
internal import Transformer

/// How much memory a run may take.
public enum MemoryBudget: Sendable, Equatable {
  /// As much as it likes.
  case unlimited
  /// What is available when it starts; if less than it needs at least, it is tried all the same.
  case available(Int)
  /// So many bytes; less than it needs at least is an error.
  case bytes(Int)

  /// The bytes; nil for any number.
  var limit: Int? {
    switch self {
    case .unlimited: nil
    case .available(let bytes), .bytes(let bytes): bytes
    }
  }
}

/// What a run holds at its largest moment, in bytes, and what it keeps elsewhere to stay within its budget.
///
/// The weights of a block and the statistics of a stage must be there. What is held between the stages of a block can be
/// computed again, at the price of time, and hidden states can wait in a file on the disk of the result, at the price of
/// reading and writing them for each stage. That price is far lower, so it is paid first.
///
/// Mapped files are not counted: the kernel takes their pages back when it needs them.
public struct MemoryPlan: Sendable, Equatable {
  /// One block's weights: for each stream in the form that products read, and in float32 to be solved.
  public let weights: Int
  /// The hidden states of all windows, as far as they are in memory.
  public private(set) var hiddenStates: Int
  /// What may be kept between the stages of a block.
  public private(set) var activations: Int
  /// The statistics of one stage.
  public let statistics: Int
  /// What is computed at a time: the inputs and outputs of products on all threads; the factor of a Hessian, in float64
  /// and then in float32; or that factor and what is made of a Linear while it is solved.
  public let work: Int
  /// The bytes on the disk that hidden states take while the run lasts; 0 where they are in memory.
  public private(set) var scratch = 0
  /// The bytes on the disk that checkpoints take, of which there are two while one replaces the other.
  public let checkpoints: Int
  /// What may be kept between stages for each stream.
  private(set) var heldBudget: Int

  /// What the program itself takes.
  private static let program = 300_000_000
  /// What is kept between stages where there is room for more.
  private static let mostHeld = 4 << 30

  /// The sum, with what the program itself takes.
  public var total: Int { least + hiddenStates + activations }

  /// What a run of this kind cannot do without.
  var least: Int { weights + statistics + work + Self.program }

  /// Whether hidden states wait in a file.
  var putsStatesAway: Bool { scratch > 0 }

  /// A plan within a budget, if it can be kept.
  ///
  /// - Parameters:
  ///   - weights: what the weights take.
  ///   - statistics: what the statistics of a stage take.
  ///   - work: what products and factors take.
  ///   - hiddenStates: the hidden states of all streams.
  ///   - activations: what lies between stages, for each stream.
  ///   - streams: the number of streams.
  ///   - budget: what all may take together.
  init(
    weights: Int, statistics: Int, work: Int, hiddenStates: Int, activations: Int,
    streams: Int, within budget: MemoryBudget
  ) {
    (self.weights, self.statistics, self.work) = (weights, statistics, work)
    self.hiddenStates = hiddenStates
    checkpoints = 2 * hiddenStates
    heldBudget = Self.mostHeld
    self.activations = min(activations, heldBudget) * streams
    guard let limit = budget.limit, total > limit else { return }
    (scratch, self.hiddenStates) = (hiddenStates, 0)
    let room = max(0, limit - least)
    // Beside what a window holds, its hidden states stay in memory, and those of where it held nothing.
    heldBudget = min(heldBudget, room / streams)
    self.activations = min(activations * streams + 2 * hiddenStates, heldBudget * streams)
  }
}

extension QuantizationRun {
  /// The plan of a run.
  ///
  /// - Throws: ``RunError/memoryTooSmall(budget:needed:)`` if the budget is less than the run needs at least.
  static func memory(
    of model: LanguageModel, _ plan: RunPlan, windows: [[Int32]], corrects: Bool,
    within budget: MemoryBudget
  ) throws(RunError) -> MemoryPlan {
    let tokens = windows.reduce(0) { $0 + $1.count }
    let streams = corrects ? 2 : 1
    let stages = model.declaration.blocks.flatMap(\.stages)
    let parts = plan.blocks + [[plan.head].compactMap(\.self)]
    let largest = parts.map { part in part.reduce(0) { $0 + $1.rows * $1.columns } }.max() ?? 0
    let linear = parts.joined().map { $0.rows * $0.columns }.max() ?? 0
    let widths = tokens > 0 ? Set(stages.flatMap(\.measuredWidths)) : []
    let hidden = model.declaration.hiddenSize
    let rows = Stream.largestBundle(of: windows.map(\.count)) * Threads.count
    let products = 4 * rows * streams * (2 * hidden + (stages.map(\.width).max() ?? 0))
    let result = MemoryPlan(
      weights: (model.engine == .float32 ? 4 * streams : 4 + 2 * streams) * largest,
      statistics: stages.map { $0.statisticsBytes(tokens: tokens, corrects) }.max() ?? 0,
      work: max(
        products, widths.map { factorBytes($0, beside: linear, model.engine) }.max() ?? 16 * linear),
      hiddenStates: 4 * tokens * hidden * streams,
      activations: stages.map { 4 * tokens * $0.heldWidth }.max() ?? 0, streams: streams,
      within: budget)
    if case .bytes(let limit) = budget, result.least > limit {
      throw .memoryTooSmall(budget: limit, needed: result.least)
    }
    return result
  }
}

/// What a factor takes while it is made, and while a Linear of so many weights is solved with it.
private func factorBytes(_ width: Int, beside linear: Int, _ engine: ProductEngine) -> Int {
  let elements = width * width
  // Of the factor in doubles, only the pages of its triangle are ever touched.
  let made = 8 * elements
  let copy = PlaneFeedback.copyBytes(ofWidth: width, on: engine)
  return max(made, 4 * elements + copy + 16 * linear)
}

extension Stage {
  /// The numbers that are read and made for each token, of which each goes to a few of the experts.
  fileprivate var width: Int {
    let widths = groups.map { group in
      (group[0].shape.columns + group.reduce(0) { $0 + $1.shape.rows }, group[0].expert != nil)
    }
    let experts = widths.filter(\.1).map(\.0).sorted(by: >).prefix(Self.expertsOfToken)
    return widths.filter { !$0.1 }.reduce(0) { $0 + $1.0 } + experts.reduce(0, +)
  }

  /// The experts that a token goes to in most mixtures, at most.
  private static let expertsOfToken = 8

  /// The numbers that the outputs are for each token, until the next stage has read them.
  fileprivate var heldWidth: Int {
    // Each token goes to a few of the experts only; what they hold is computed again where it is large.
    groups.count == 1 ? slots.reduce(0) { $0 + $1.shape.rows } : 0
  }

  /// The widths of the inputs that are measured.
  fileprivate var measuredWidths: [Int] {
    groups.filter { group in group.contains { !$0.staysDense } }
      .compactMap { $0.first?.shape.columns }
  }

  /// Second moments of calibration and held-out tokens; two cross moments and a deviation.
  fileprivate func statisticsBytes(tokens: Int, _ corrects: Bool) -> Int {
    let widths = measuredWidths
    guard tokens > 0, let widest = widths.max() else { return 0 }
    // Activations inside an MLP are not compared with those of the full-precision model.
    let compares = corrects && !slots.contains(where: \.readsActivations)
    let moments = compares ? 5 : 2
    let all = 4 * moments * widths.reduce(0) { $0 + $1 * $1 }
    let one = 4 * moments * widest * widest
    // Experts are measured in batches of two gigabytes.
    return min(all, max(2 << 30, one))
  }
}
