internal import Checkpoint
internal import Quantizer

extension CheckpointFormat {
  /// Refuses what no engine loads; gives what only some load, one line for each objection.
  ///
  /// - Throws: ``RunError/noEngine(format:_:)`` with every objection to the first such Linear.
  func warnings(
    of linears: some Sequence<LinearShape>, _ scheme: LinearScheme
  ) throws(RunError) -> [String] {
    var objections: [EngineVerdict] = []
    for linear in linears {
      let verdicts = verdicts(on: linear, scheme)
      guard verdicts.contains(where: { !$0.isRefusal }) else {
        throw .noEngine(format: name, verdicts)
      }
      for verdict in verdicts where verdict.objection != nil && !objections.contains(verdict) {
        objections.append(verdict)
      }
    }
    return objections.map { "\($0.engine) \($0.objection ?? "")" }
  }
}
