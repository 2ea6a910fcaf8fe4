package import Checkpoint
package import LinearAlgebra
package import Transformer

/// The hidden states of all windows under one set of weights.
///
/// Inside a block, each window waits at some stage and advances when the inputs of a later one are
/// asked for. What a window holds there is kept up to a budget; beyond that, only its residual
/// stream is kept, and the rest is computed again.
///
/// Windows do not see each other, so they are computed in parallel. Short ones are bundled into
/// common products. The bundles do not depend on the number of threads, so neither do the results.
///
/// Where memory has no room for the hidden states of all windows, those that nothing is computed with are in a file.
package struct Stream: Sendable {
  private(set) var bundles: [WindowBundle]
  private var heldBudget: Int
  /// Which tokens the experts of a mixture read.
  private let experts: ExpertTokens
  /// What held inputs of a stage must be divided by, if they were held before it was solved.
  private var divisors: StageDivisors?

  /// The most rows in a bundle of short windows.
  private static let bundleRows = 2048

  /// A stream of windows that have not entered a block, in memory.
  ///
  /// - Parameters:
  ///   - windows: the hidden states of each window, `[tokens, hidden]`.
  ///   - heldBudget: the bytes that may be held between stages besides the residual streams.
  ///   - experts: which tokens the experts of a mixture read.
  package init(
    _ windows: [Matrix], heldBudget: Int = 4 << 30, experts: ExpertTokens = .routed
  ) {
    self.heldBudget = heldBudget
    self.experts = experts
    bundles = []
    for (i, window) in windows.enumerated() { append(window, i, nil) }
  }

  /// A stream of windows that have not entered a block.
  ///
  /// - Parameters:
  ///   - lengths: the tokens of each window.
  ///   - hiddenSize: the width of the hidden states.
  ///   - heldBudget: the bytes that may be held between stages besides the residual streams.
  ///   - experts: which tokens the experts of a mixture read.
  ///   - folder: where hidden states are put away; nil to keep them in memory.
  ///   - window: gives the hidden states of a window.
  /// - Throws: ``CheckpointError`` if they cannot be put away, or what `window` throws.
  init(
    lengths: [Int], hiddenSize: Int, heldBudget: Int, experts: ExpertTokens,
    puttingAwayIn folder: String?, _ window: (Int) throws -> Matrix
  ) throws {
    self.heldBudget = heldBudget
    self.experts = experts
    bundles = []
    let largest = max(1, Self.largestBundle(of: lengths))
    let count = lengths.reduce(0, +) / largest + 1
    let scratch = try folder.map {
      try ScratchFile(in: $0, slotElements: largest * hiddenSize, count: count)
    }
    for i in lengths.indices {
      let before = bundles.count
      append(try window(i), i, scratch)
      if bundles.count > before, before > 0 { try bundles[before - 1].putAway() }
    }
    if !bundles.isEmpty { try bundles[bundles.count - 1].putAway() }
  }

  /// The most rows in a bundle of windows of these lengths.
  static func largestBundle(of lengths: [Int]) -> Int {
    min(max(bundleRows, lengths.max() ?? 0), lengths.reduce(0, +))
  }

  private mutating func append(_ window: Matrix, _ index: Int, _ scratch: ScratchFile?) {
    if bundles.last.map({ $0.rows + window.rows > Self.bundleRows }) ?? true {
      bundles.append(WindowBundle(first: index, scratch: scratch))
    }
    bundles[bundles.count - 1].append(window)
  }

  /// How far the keys and values of the block reach that was left last.
  var cacheReach: CacheReach? {
    bundles.flatMap(\.states).reduce(nil) { $1.cacheReach?.union($0) ?? $0 }
  }

  /// Enters a block.
  ///
  /// - Throws: ``CheckpointError`` if hidden states cannot be put away or read.
  package mutating func enter(_ block: DecoderBlock) throws(CheckpointError) {
    divisors = nil
    for i in bundles.indices {
      try bundles[i].bringBack()
      bundles[i].enter(block, experts)
      try bundles[i].putAway()
    }
  }

  /// The first windows at the same stage, for measuring what some experts make of every token.
  ///
  /// - Parameters:
  ///   - experts: the experts.
  ///   - tokens: the number of tokens that are wanted at least, if there are so many.
  /// - Returns: a stream that holds nothing between stages, and whose outputs are of no use.
  func showing(_ experts: Set<Int>, tokens: Int) -> Stream {
    var result = self
    result.heldBudget = 0
    result.bundles = []
    var rows = 0
    for var bundle in bundles where rows < tokens {
      bundle.show(.only(experts))
      result.bundles.append(bundle)
      rows += bundle.rows
    }
    return result
  }

  /// Takes all windows, and those of a reference, to a stage and passes on the inputs of its groups,
  /// window by window in order.
  ///
  /// - Throws: ``CheckpointError`` if hidden states cannot be put away or read.
  mutating func visit(
    _ stage: Int, of block: DecoderBlock, beside reference: inout ReferenceStream?,
    _ use: (_ window: Int, _ inputs: [Matrix], _ reference: [Matrix]?) -> Void
  ) throws(CheckpointError) {
    var budgets = (heldBudget, reference?.stream.heldBudget ?? 0)
    for batch in batches {
      let inputs = try inputs(batch, of: stage, block)
      let others = try reference?.inputs(batch, of: stage)
      for (i, bundle) in batch.enumerated() {
        for (j, inputs) in inputs[i].enumerated() {
          use(bundles[bundle].first + j, inputs, others?[i][j])
        }
        bundles[bundle].release(&budgets.0)
        try bundles[bundle].putAway()
        reference?.stream.bundles[bundle].release(&budgets.1)
        try reference?.stream.bundles[bundle].putAway()
      }
    }
    divisors = nil
  }

  /// Takes some bundles to a stage; the inputs of its groups, for each bundle and window.
  mutating func inputs(
    _ batch: Range<Int>, of stage: Int, _ block: DecoderBlock
  ) throws(CheckpointError) -> [[[Matrix]]] {
    try advance(batch, to: stage, block) {
      $0.states.map { block.program.inputs(of: stage, $0, block.weights) }
    }
  }

  /// Sets what inputs held at a solved stage must be divided by, since their producer has taken up
  /// the factors.
  mutating func divideInputs(of stage: Int, group: Int, of count: Int, by factors: [Float]) {
    if divisors?.stage != stage {
      divisors = StageDivisors(stage: stage, factors: [[Float]?](repeating: nil, count: count))
    }
    divisors?.factors[group] = factors
  }

  /// Takes all windows to the end of a block.
  ///
  /// - Throws: ``CheckpointError`` if hidden states cannot be put away or read.
  package mutating func leave(_ block: DecoderBlock) throws(CheckpointError) {
    for batch in batches {
      _ = try advance(batch, to: block.program.stages.count, block) { _ in }
      for i in batch {
        bundles[i].leave()
        try bundles[i].putAway()
      }
    }
    divisors = nil
  }

  /// Takes all windows through a block.
  ///
  /// - Throws: ``CheckpointError`` if hidden states cannot be put away or read.
  package mutating func pass(_ block: DecoderBlock) throws(CheckpointError) {
    try enter(block)
    try leave(block)
  }

  /// The states of the first windows at the stage visited last.
  ///
  /// - Throws: ``CheckpointError`` if hidden states cannot be read.
  func states(
    ofFirst count: Int, at stage: Int, of block: DecoderBlock
  ) throws(CheckpointError) -> [BlockState] {
    var states: [BlockState] = []
    for var bundle in bundles where states.count < count {
      try bundle.bringBack()
      bundle.advance(to: stage, block, nil)
      states += bundle.states
    }
    return Array(states.prefix(count))
  }

  /// As many bundles at a time as there are threads.
  private var batches: [Range<Int>] {
    // Read once: were the number to change on the way, bundles would be left out or taken twice.
    let width = Threads.count
    return stride(from: 0, to: bundles.count, by: width).map {
      $0..<min(bundles.count, $0 + width)
    }
  }

  /// Advances some bundles in parallel; the results in order.
  private mutating func advance<Result: Sendable>(
    _ batch: Range<Int>, to stage: Int, _ block: DecoderBlock,
    _ result: @Sendable (WindowBundle) -> Result
  ) throws(CheckpointError) -> [Result] {
    block.prepare(before: stage)
    let advanced = Threads.map(batch.count) { [bundles, divisors] i in
      Swift.Result { () throws(CheckpointError) in
        var bundle = bundles[batch.lowerBound + i]
        try bundle.bringBack()
        bundle.advance(to: stage, block, divisors)
        return (bundle, result(bundle))
      }
    }
    var results: [Result] = []
    for (i, outcome) in zip(batch, advanced) {
      let (bundle, result) = try outcome.get()
      bundles[i] = bundle
      results.append(result)
    }
    return results
  }
}
