internal import Checkpoint
internal import LinearAlgebra
internal import Transformer

/// Consecutive windows that are computed together.
struct WindowBundle: Sendable {
  /// The number of the first window.
  let first: Int
  /// The windows, all at the same stage; without their hidden states while the bundle is away.
  private(set) var states: [BlockState] = []
  private var stage = 0
  /// The last point where nothing was held, in case what is held must be dropped.
  private var resting: (states: [BlockState], stage: Int) = ([], 0)
  /// The shapes of the windows' hidden states.
  private(set) var shapes: [(rows: Int, columns: Int)] = []
  /// Where hidden states are put away; nil where they stay in memory.
  private let scratch: ScratchFile?
  /// The hidden states as they are in the file, and the stage at which they were so.
  private var stored: (slot: ScratchFile.Slot, stage: Int)?
  private var isAway = false

  init(first: Int, scratch: ScratchFile? = nil) {
    self.first = first
    self.scratch = scratch
  }

  /// The tokens of all windows.
  var rows: Int { shapes.reduce(0) { $0 + $1.rows } }

  /// The numbers of all hidden states.
  var hiddenCount: Int { shapes.reduce(0) { $0 + $1.rows * $1.columns } }

  mutating func append(_ window: Matrix) {
    states.append(BlockState(hidden: window, sublayers: 0))
    shapes.append((window.rows, window.columns))
  }

  mutating func enter(_ block: DecoderBlock, _ experts: ExpertTokens) {
    var isAsStored = stored?.stage == stage
    states = states.map { state in
      var entered = block.program.enter(state.hidden)
      if experts == .all { entered.show(.all) }
      isAsStored = isAsStored && entered.hidden == state.hidden
      return entered
    }
    stage = 0
    resting = (states, 0)
    stored = isAsStored ? stored.map { ($0.slot, 0) } : nil
  }

  mutating func show(_ experts: ShownExperts) {
    for i in states.indices { states[i].show(experts) }
    for i in resting.states.indices { resting.states[i].show(experts) }
  }

  mutating func advance(to target: Int, _ block: DecoderBlock, _ divisors: StageDivisors?) {
    let start = stage
    while stage < target {
      // Only inputs held before the stage was solved still lack its factors.
      let factors = stage == start && divisors?.stage == stage ? divisors?.factors : nil
      block.advance(&states, past: stage, dividingBy: factors)
      stage += 1
    }
  }

  /// Keeps what is held if the budget allows; otherwise falls back to where nothing was.
  mutating func release(_ budget: inout Int) {
    if states.allSatisfy(\.isAtRest) {
      resting = (states, stage)
      return
    }
    var bytes = states.reduce(0) { $0 + $1.heldBytes }
    // Beside what is held, hidden states stay in memory as well, and those of where nothing was.
    if scratch != nil { bytes += 2 * MemoryLayout<Float>.size * hiddenCount }
    // Once something does not fit, nothing more is kept, so what is kept belongs to the first
    // windows.
    budget = bytes <= budget ? budget - bytes : 0
    if budget == 0 { (states, stage) = resting }
  }

  /// Keeps only the residual stream.
  mutating func leave() { resting = ([], 0) }
}

// Hidden states in a file while nothing is computed with them.

extension WindowBundle {
  /// Puts the hidden states into the file, if there is one and nothing is held besides.
  ///
  /// - Throws: ``CheckpointError`` if they cannot be written.
  mutating func putAway() throws(CheckpointError) {
    guard let scratch, !isAway, states.allSatisfy(\.isAtRest) else { return }
    if stored?.stage != stage {
      stored = (try scratch.store(states.map(\.hidden)), stage)
    }
    for i in states.indices { states[i].hidden = Matrix(rows: 0, columns: 0) }
    resting.states = []
    isAway = true
  }

  /// Takes the hidden states out of the file, if they are there.
  ///
  /// - Throws: ``CheckpointError`` if they cannot be read.
  mutating func bringBack() throws(CheckpointError) {
    guard let scratch, let stored, isAway else { return }
    for (i, hidden) in try scratch.matrices(in: stored.slot, shapes).enumerated() {
      states[i].hidden = hidden
    }
    resting = (states, stage)
    isAway = false
  }

  /// The hidden states of each window, between blocks.
  ///
  /// - Throws: ``CheckpointError`` if they cannot be read.
  var windows: [Matrix] {
    get throws(CheckpointError) {
      guard let scratch, let stored, isAway else { return states.map(\.hidden) }
      return try scratch.matrices(in: stored.slot, shapes)
    }
  }
}

extension BlockState {
  fileprivate mutating func show(_ experts: ShownExperts) {
    for i in held.indices { held[i].shown = experts }
  }
}

/// What the held inputs of each group of a stage are divided by.
struct StageDivisors: Sendable {
  let stage: Int
  var factors: [[Float]?]
}
