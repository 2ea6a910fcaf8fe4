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
package struct Stream: Sendable {
  private var bundles: [WindowBundle]
  private var heldBudget: Int
  /// Which tokens the experts of a mixture read.
  private let experts: ExpertTokens
  /// What held inputs of a stage must be divided by, if they were held before it was solved.
  private var divisors: StageDivisors?

  /// The most rows in a bundle of short windows.
  private static let bundleRows = 2048

  /// A stream of windows that have not entered a block.
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
    var rows = 0
    for (i, window) in windows.enumerated() {
      if bundles.isEmpty || rows + window.rows > Self.bundleRows {
        bundles.append(WindowBundle(first: i))
        rows = 0
      }
      bundles[bundles.count - 1].append(window)
      rows += window.rows
    }
  }

  /// Whether there are no windows.
  var isEmpty: Bool { bundles.isEmpty }

  /// The number of hidden states that are computed at once on each thread.
  var bundleSize: Int {
    bundles.map { $0.rows * ($0.states.first?.hidden.columns ?? 0) }.max() ?? 0
  }

  /// The hidden states of each window, between blocks.
  package var windows: [Matrix] { bundles.flatMap { $0.states.map(\.hidden) } }

  /// How far the keys and values of the block reach that was left last.
  var cacheReach: CacheReach? {
    bundles.flatMap(\.states).reduce(nil) { $1.cacheReach?.union($0) ?? $0 }
  }

  /// Enters a block.
  package mutating func enter(_ block: DecoderBlock) {
    divisors = nil
    for i in bundles.indices { bundles[i].enter(block, experts) }
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
  mutating func visit(
    _ stage: Int, of block: DecoderBlock, beside reference: inout ReferenceStream?,
    _ use: (_ window: Int, _ inputs: [Matrix], _ reference: [Matrix]?) -> Void
  ) {
    var budgets = (heldBudget, reference?.stream.heldBudget ?? 0)
    for batch in batches {
      let inputs = inputs(batch, of: stage, block)
      let others = reference.map { $0.block }.flatMap {
        reference?.stream.inputs(batch, of: stage, $0)
      }
      for (i, bundle) in batch.enumerated() {
        for (j, inputs) in inputs[i].enumerated() {
          use(bundles[bundle].first + j, inputs, others?[i][j])
        }
        bundles[bundle].release(&budgets.0)
        reference?.stream.bundles[bundle].release(&budgets.1)
      }
    }
    divisors = nil
  }

  /// Takes some bundles to a stage; the inputs of its groups, for each bundle and window.
  private mutating func inputs(
    _ batch: Range<Int>, of stage: Int, _ block: DecoderBlock
  ) -> [[[Matrix]]] {
    advance(batch, to: stage, block) {
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
  package mutating func leave(_ block: DecoderBlock) {
    for batch in batches {
      _ = advance(batch, to: block.program.stages.count, block) { _ in }
      for i in batch { bundles[i].leave() }
    }
    divisors = nil
  }

  /// Takes all windows through a block.
  package mutating func pass(_ block: DecoderBlock) {
    enter(block)
    leave(block)
  }

  /// The states of the first windows at the stage visited last.
  func states(ofFirst count: Int, at stage: Int, of block: DecoderBlock) -> [BlockState] {
    var states: [BlockState] = []
    for var bundle in bundles where states.count < count {
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
  ) -> [Result] {
    block.prepare(before: stage)
    let advanced = Threads.map(batch.count) { [bundles, divisors] i in
      var bundle = bundles[batch.lowerBound + i]
      bundle.advance(to: stage, block, divisors)
      return (bundle, result(bundle))
    }
    for (i, (bundle, _)) in zip(batch, advanced) { bundles[i] = bundle }
    return advanced.map(\.1)
  }
}

/// The hidden states of the same windows in the full-precision model, beside a quantized one.
struct ReferenceStream {
  var stream: Stream
  /// The block that they pass, with its original weights.
  let block: DecoderBlock

  /// A stream that enters a block.
  init(_ stream: Stream, entering block: DecoderBlock) {
    self.stream = stream
    self.block = block
    self.stream.enter(block)
  }

  /// The stream at the end of the block.
  consuming func leaving() -> Stream {
    stream.leave(block)
    return stream
  }
}
