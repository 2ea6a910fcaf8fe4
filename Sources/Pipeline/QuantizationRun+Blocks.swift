internal import Checkpoint
internal import Formats
internal import Hessian
internal import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

// One block of a run: solved, stored and reported.

extension QuantizationRun {
  /// Solves a block; if the policy allows it, once more without what fails.
  func solveBlock(
    _ index: Int, by quantizer: BlockQuantizer, _ stream: inout Stream,
    beside original: inout Stream?, into sink: any ResultSink, _ report: inout RunReport,
    _ send: (RunEvent) throws -> Void
  ) throws {
    var model = model
    let entering = failurePolicy == .keepDense ? (stream, original) : nil
    report.linears += taken?.reports(ofBlock: index) ?? []
    while true {
      do {
        return try solveBlock(
          index, of: model, by: quantizer, &stream, beside: &original, into: sink, &report, send)
      } catch let error as StageError {
        let names = model.keepDense([error.linear], block: index)
        guard let entering, !names.isEmpty else { throw error }
        (stream, original) = entering
        report.unquantized += names.sorted().map { FailedLinear($0, reason: error.description) }
        try send(.warning(Warning("\(error); \(names.count) Linears stay dense")))
      }
    }
  }

  /// Solves those Linears of a block that the model does not keep dense, and stores what it is made of.
  private func solveBlock(
    _ index: Int, of model: LanguageModel, by quantizer: BlockQuantizer, _ stream: inout Stream,
    beside original: inout Stream?, into sink: any ResultSink, _ report: inout RunReport,
    _ send: (RunEvent) throws -> Void
  ) throws {
    let linears = plan.blocks[index]
    var solvedCount = 0
    func sendProgress() throws {
      let done = Double(index) + Double(solvedCount) / Double(max(1, linears.count))
      try send(.progress(done / plan.steps, "block \(index)"))
    }
    func store(_ solved: SolvedLinear) throws {
      let solution = solved.solution
      let bytes = try quantizer.clock.during(.writing) {
        try sink.store([StoredLinear(solution.name, solution.linear, scales: plan.scales)])
      }
      let linear = LinearReport(solved, bytes: bytes[0])
      report.linears.append(linear)
      try send(.solved(linear))
    }
    try sendProgress()
    var block = try quantizer.clock.during(.reading) { try model.block(index) }
    var waiting: [SolvedLinear] = []
    let quantized = try taken?.quantized(inBlock: index) ?? [:]
    try quantizer.solve(&block, putting: quantized, &stream, beside: &original) { solved in
      solvedCount += solved.count
      // The end of a block is the start of the next one, or of what is left to write.
      if solvedCount < linears.count { try sendProgress() }
    } _: { solved in
      // What comes behind may fail, and the block be solved again.
      if failurePolicy == .keepDense { waiting.append(solved) } else { try store(solved) }
    }
    try waiting.forEach(store)
    try quantizer.clock.during(.writing) {
      try storeDense(block, into: sink, instead: Set(report.unquantized.map(\.name)))
      try storeCacheScales(of: block, covering: stream.cacheReach, into: sink)
    }
  }

  /// Stores the scales of the keys and values of a block, where the format has some.
  private func storeCacheScales(
    of block: DecoderBlock, covering reach: CacheReach?, into sink: any ResultSink
  ) throws {
    guard let number = settings.format.cache, let reach, let module = block.program.cacheModule
    else { return }
    let cache = CacheQuantizer(.cache(number), covering: reach)
    for (tensor, scale) in zip(CacheScales.tensors(of: module), cache.scales) {
      // Safety: bytes have no padding, so all of the memory is initialized.
      try unsafe sink.store(tensor.name, FloatFormat.float32.encode([scale]).span.bytes)
    }
  }

  /// Stores what has taken up factors, and the Linears that were to be quantized but stay dense.
  private func storeDense(
    _ block: DecoderBlock, into sink: any ResultSink, instead failed: Set<String>
  ) throws {
    let failed = Dictionary(
      uniqueKeysWithValues: block.program.stages.flatMap(\.slots)
        .filter { failed.contains($0.name) }.map { ("\($0.name).weight", $0.shape) })
    for (name, bytes) in block.denseTensors {
      // Safety: bytes have no padding, so all of the memory is initialized.
      if let linear = failed[name], let shape = model.folder.tensor(name)?.shape {
        try unsafe sink.store(
          NamedShape(name, shape.type, shape.dimensions), bytes.span.bytes, insteadOf: linear,
          plan.schemes[linear.name] ?? settings.linearScheme, scales: plan.scales)
      } else if plan.rewritten.contains(name) {
        try unsafe sink.store(name, bytes.span.bytes)
      }
    }
  }
}

extension LinearReport {
  init(_ solved: SolvedLinear, bytes: Int) {
    let solution = solved.solution
    let weights = solution.quantized.codes.count
    self.init(
      name: solution.name, rows: solution.quantized.rows, columns: solution.quantized.columns,
      bitsPerWeight: 8 * Double(bytes) / Double(weights),
      error: solution.error, clippedShare: solution.clippedShare, lostRows: solution.lostRows,
      hasScaledInput: solved.hasScaledInput, conditioning: solution.conditioning,
      expertTokens: solved.slot.expert == nil ? nil : solution.tokens)
  }
}
