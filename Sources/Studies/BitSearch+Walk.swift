internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Pipeline
internal import Solvers
internal import Transformer

// The pass of a search over the blocks of the model.

extension BitSearch {
  /// Runs the search.
  ///
  /// - Parameter progress: called with the share of the work done and the current task; an error that
  ///   it throws ends the search.
  /// - Returns: the plan, with what led to it.
  /// - Throws: ``CheckpointError``, also if another run is at work on the result, ``StageError``, or what `progress`
  ///   throws.
  public func run(
    _ progress: (Double, String) throws -> Void = { _, _ in }
  ) throws -> BitSearchReport {
    let clock = ContinuousClock()
    let start = clock.now
    func seconds() -> Double { (kept?.seconds ?? 0) + (clock.now - start).seconds }
    // Found at the end of a run, this would be late.
    try model.checkEnds()
    let folder = try output.map {
      try FolderSink.checkNotInUse($0)
      return try BitSearchJournal.folder(beside: $0, isContinued: kept != nil)
    }
    func keep(
      _ sets: [MeasuredSet], blocks: Int, _ streams: [(name: String, stream: Stream)]
    ) throws {
      guard let folder else { return }
      try BitSearchJournal(identity: identity, blocks: blocks, sets: sets, seconds: seconds())
        .write(to: folder, streams)
    }
    var probe = try PerturbedStreams(model, calibration)
    let blocks = model.declaration.blocks.count
    if let kept, kept.isComplete {
      folder?.keep()
      return try report(kept.sets, tokens: probe.tokenCount, seconds: kept.seconds)
    }
    var stream = try stream(continuing: folder, &probe)
    var sets = kept?.sets ?? []
    var checkpoints = Checkpoints(every: checkpointInterval)
    for index in (kept?.blocks ?? 0)..<blocks {
      sets += try measure(index, &stream, &probe, progress)
      try checkpoints.writeIfDue {
        try keep(sets, blocks: index + 1, [("dense", stream)] + probe.named)
      }
    }
    try progress(1, "planning, predictions")
    for (i, divergence) in try probe.divergences(of: model).enumerated() {
      sets[i].divergence = divergence
    }
    try keep(sets, blocks: blocks, [])
    return try report(sets, tokens: probe.tokenCount, seconds: seconds())
  }

  /// The hidden states in front of the first block to be measured.
  private func stream(
    continuing folder: WorkFolder?, _ probe: inout PerturbedStreams
  ) throws -> Stream {
    guard let kept, let folder else {
      return Stream(try calibration.windows.map(model.embeddings), experts: calibration.experts)
    }
    folder.keep()
    let states = try KeptStates(behind: kept.blocks, in: folder.path)
    try probe.restore(states, versions: kept.sets.count)
    let width = model.declaration.hiddenSize
    let windows = try calibration.windows.enumerated().map { i, tokens in
      try states.window("dense", i, rows: tokens.count, columns: width)
    }
    return Stream(windows, experts: calibration.experts)
  }

  /// Takes all states through a block.
  ///
  /// - Returns: what is known of its Linears.
  private func measure(
    _ index: Int, _ stream: inout Stream, _ probe: inout PerturbedStreams,
    _ progress: (Double, String) throws -> Void
  ) throws -> [MeasuredSet] {
    let count = Double(model.declaration.blocks.count)
    try progress(Double(index) / count, "planning, block \(index)")
    let block = try model.block(index)
    let first = sets[index].first?.first?.name ?? ""
    let recipes = choices.map { $0.recipe(for: first, scales: scales) }
    let measured = try MeasuredBlock(block, index: index, &stream, recipes, .all, calibration.roles)
    let solved = try solve(measured, block, index: index) { choice in
      let done = Double(index) + Double(choice + 1) / Double(choices.count + 1)
      try progress(done / count, "planning, block \(index)")
    }
    try probe.pass(block, startingWith: solved.map(\.changed))
    return solved.map(\.set)
  }

  /// Solves a block for each choice.
  ///
  /// - Returns: for each set of Linears, its losses, and the block with only them quantized.
  private func solve(
    _ measured: MeasuredBlock, _ block: DecoderBlock, index: Int, _ progress: (Int) throws -> Void
  ) throws -> [(set: MeasuredSet, changed: DecoderBlock)] {
    let alike = sets[index]
    var result = alike.map { (set: MeasuredSet($0, choices: choices.count), changed: block) }
    let places = Dictionary(
      uniqueKeysWithValues: alike.enumerated().flatMap { i, set in set.map { ($0.name, i) } })
    var solved: [Int] = []
    // Where blocks do not fill rows, several types may come to the same.
    func twin(of number: Int, for linear: String) -> Int? {
      solved.first { choices[$0].scheme(of: linear) == choices[number].scheme(of: linear) }
    }
    for number in [reference] + choices.indices.filter({ $0 != reference }) {
      let units = try measured.solutions { linear in
        twin(of: number, for: linear) == nil
          ? choices[number].recipe(for: linear, scales: scales) : nil
      }
      for unit in units {
        let parts = zip(unit.solution.losses, unit.solution.unscaledWeights)
        for (name, (loss, weights)) in zip(unit.names, parts) {
          guard let i = places[name] else { continue }
          result[i].set.losses[number] += loss * Double(unit.tokens)
          if number == reference { result[i].changed.weights.linears[name]?.weight = weights }
        }
      }
      for (i, set) in alike.enumerated() {
        guard let twin = set.first.flatMap({ twin(of: number, for: $0.name) }) else { continue }
        result[i].set.losses[number] = result[i].set.losses[twin]
      }
      solved.append(number)
      try progress(solved.count - 1)
    }
    return result
  }
}
