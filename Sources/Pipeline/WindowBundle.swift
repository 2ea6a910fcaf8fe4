internal import LinearAlgebra
internal import Transformer

/// Consecutive windows that are computed together.
struct WindowBundle: Sendable {
  /// The number of the first window.
  let first: Int
  /// The windows, all at the same stage.
  private(set) var states: [BlockState] = []
  private var stage = 0
  /// The last point where nothing was held, in case what is held must be dropped.
  private var resting: (states: [BlockState], stage: Int) = ([], 0)

  init(first: Int) { self.first = first }

  /// The tokens of all windows.
  var rows: Int { states.reduce(0) { $0 + $1.hidden.rows } }

  mutating func append(_ window: Matrix) {
    states.append(BlockState(hidden: window, sublayers: 0))
  }

  mutating func enter(_ block: DecoderBlock, _ experts: ExpertTokens) {
    states = states.map { state in
      var entered = block.program.enter(state.hidden)
      if experts == .all { entered.show(.all) }
      return entered
    }
    stage = 0
    resting = (states, 0)
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
    let bytes = states.reduce(0) { $0 + $1.heldBytes }
    // Once something does not fit, nothing more is kept, so what is kept belongs to the first
    // windows.
    budget = bytes <= budget ? budget - bytes : 0
    if budget == 0 { (states, stage) = resting }
  }

  /// Keeps only the residual stream.
  mutating func leave() { resting = ([], 0) }
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
