internal import Checkpoint
internal import Formats
internal import Hessian
internal import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

// The head as one more Linear, whose input is what the final norm makes.

extension LanguageModel {
  /// The head, where a run quantizes it, and what is stored for it.
  ///
  /// Where it is the embedding, it becomes a matrix of its own, unless the format's readers take the head from an
  /// embedding in integers.
  ///
  /// - Parameters:
  ///   - settings: what is done to the model.
  ///   - tables: the tables in integers.
  /// - Returns: the head with its scheme; nil where it is left as it is.
  /// - Throws: ``RunError`` where the format or the method has no place for it, or `CheckpointError` for a model
  ///   without one.
  func plannedHead(
    _ settings: QuantizationSettings, among tables: [LinearShape]
  ) throws -> (LinearShape, LinearScheme)? {
    guard settings.quantizesHead else { return nil }
    guard settings.format.holdsHead else { throw RunError.headInFormat(settings.format.name) }
    guard settings.activationScheme == nil else {
      throw RunError.headBesideRoundedInputs(method: settings.label)
    }
    try checkPredicts()
    let head = tables.contains(headShape) ? headShape : headLinear
    let own = try settings.formatScheme(of: head, in: self)
    return (head, LinearScheme(own ?? settings.scheme))
  }
}

extension QuantizationRun {
  /// Solves the head for the hidden states behind the last block, stores it and reports it, if the run quantizes it;
  /// if it is taken over, reports it.
  ///
  /// - Throws: ``StageError`` where it cannot be quantized, unless it is then to stay dense; `CheckpointError` where
  ///   it cannot be read or stored; what `send` throws.
  /// - Complexity: memory for the head in float32, twice where its target is corrected.
  func solveHead(
    behind stream: Stream, beside original: Stream?, by quantizer: BlockQuantizer,
    into sink: any ResultSink, _ report: inout RunReport, _ send: (RunEvent) throws -> Void
  ) throws {
    guard let head = plan.head else {
      report.linears += [taken?.headReport].compactMap(\.self)
      return
    }
    try send(.progress(Double(plan.blocks.count) / plan.steps, "head"))
    let slot = Slot(head.name, rows: head.rows, columns: head.columns)
    let (clock, recipe) = (quantizer.clock, quantizer.recipes[head.name] ?? quantizer.recipe)
    let input = try clock.during(.measuring) {
      try headInput(slot, behind: stream, beside: original, collecting: quantizer.neededParts)
    }
    try quantizer.keep?([slot], input)
    do {
      let solution = try clock.during(.solving) {
        let problem = LinearProblem(name: head.name, weights: try model.headWeights())
        return try recipe.solve(problem, input: input)
      }
      let bytes = try clock.during(.writing) {
        try sink.store([StoredLinear(head.name, solution.linear, scales: plan.scales)])
      }
      let solved = SolvedLinear(solution: solution, slot: slot, hasScaledInput: false)
      report.linears.append(LinearReport(solved, bytes: bytes[0]))
      try send(.solved(report.linears[report.linears.count - 1]))
    } catch let error as StageError where failurePolicy == .keepDense {
      try storeDenseHead(head, into: sink)
      report.unquantized.append(FailedLinear(head.name, reason: error.description))
      try send(.warning(Warning("\(error); the head stays dense")))
    }
  }

  /// Stores the head as it is, in the place of what was announced.
  private func storeDenseHead(_ head: LinearShape, into sink: any ResultSink) throws {
    let bytes = try model.headBytes()
    let tensor = NamedShape("\(head.name).weight", bytes.type, [head.rows, head.columns])
    // Safety: bytes have no padding, so all of the memory is initialized.
    try unsafe sink.store(
      tensor, bytes.bytes.span.bytes, insteadOf: head,
      plan.schemes[head.name] ?? settings.linearScheme, scales: plan.scales)
  }

  /// The statistics of what the final norm makes.
  private func headInput(
    _ slot: Slot, behind stream: Stream, beside original: Stream?,
    collecting parts: InputStatistics.Parts
  ) throws -> CalibratedInput {
    guard let calibration else { return CalibratedInput() }
    var statistics = GroupStatistics(
      Stage([[slot]]), [0], calibration.roles,
      collecting: original == nil ? parts.subtracting(.deviation) : parts, on: model.engine)
    try stream.forEachWindow(beside: original) { i, window, reference throws(CheckpointError) in
      let references = try reference.map { other throws(CheckpointError) in
        [try model.finalNorm(other)]
      }
      statistics.add([try model.finalNorm(window)], references, window: i)
    }
    return statistics.inputs()[0]
  }
}
