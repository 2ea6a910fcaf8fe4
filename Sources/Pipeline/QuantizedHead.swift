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
  /// - Throws: ``RunError`` where the format or the method has no place for it, or `CheckpointError` for a model
  ///   without one.
  func plannedHead(_ settings: QuantizationSettings) throws -> (LinearShape, LinearScheme)? {
    guard settings.quantizesHead else { return nil }
    guard settings.format.holdsHead else { throw RunError.headInFormat(settings.format.name) }
    guard settings.activationScheme == nil else {
      throw RunError.headBesideRoundedInputs(method: settings.method.name)
    }
    try checkPredicts()
    return (headLinear, LinearScheme(settings.scheme))
  }
}

extension QuantizationRun {
  /// Solves the head for the hidden states behind the last block, and stores it.
  ///
  /// - Returns: what it lost; nil if the run does not quantize it.
  /// - Throws: ``StageError`` where it cannot be quantized, `CheckpointError` where it cannot be read or stored.
  /// - Complexity: memory for the head in float32, twice where its target is corrected.
  func solveHead(
    behind stream: Stream, beside original: Stream?, by recipe: Recipe, into sink: any ResultSink
  ) throws -> LinearReport? {
    guard let head = plan.head else { return nil }
    let slot = Slot(head.name, rows: head.rows, columns: head.columns)
    let problem = StageProblem.Group(
      [LinearProblem(name: head.name, weights: try model.headWeights())],
      input: try headInput(slot, behind: stream, beside: original, collecting: recipe.neededParts))
    let scheme = plan.schemes[head.name]?.weights ?? settings.scheme
    let solution = try recipe.storing(scheme).solve(StageProblem([problem])).linears[0]
    let bytes = try sink.store([StoredLinear(head.name, solution.linear, scales: plan.scales)])
    return LinearReport(
      SolvedLinear(solution: solution, slot: slot, hasScaledInput: false), bytes: bytes[0])
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
    let references = original?.windows
    for (i, window) in stream.windows.enumerated() {
      let reference = try references.map { [try model.finalNorm($0[i])] }
      statistics.add([try model.finalNorm(window)], reference, window: i)
    }
    return statistics.inputs[0]
  }
}
