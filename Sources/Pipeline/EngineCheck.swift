internal import Checkpoint
internal import Formats
internal import Quantizer

/// What the engines will make of Linears in a format, known before any work starts.
struct EngineCheck {
  /// The engines that load all of them as they are.
  let loaders: [String]
  /// What only some engines load, with what would help.
  let warnings: [Warning]

  /// Asks about every Linear.
  ///
  /// - Throws: ``RunError/noEngine(format:_:)`` with every objection to the first Linear that no
  ///   engine would load.
  init(
    _ linears: some Sequence<LinearShape>, _ scheme: LinearScheme, in format: any CheckpointFormat
  ) throws(RunError) {
    var objections: [EngineVerdict] = []
    var engines: [String] = []
    for linear in linears {
      let verdicts = EngineRules.verdicts(on: linear, scheme, in: format)
      // Of a format that the table does not have, nothing is known against it.
      guard verdicts.isEmpty || verdicts.contains(where: { !$0.isRefusal }) else {
        throw .noEngine(format: format.name, verdicts)
      }
      engines = verdicts.map(\.engine)
      for verdict in verdicts where verdict.objection != nil && !objections.contains(verdict) {
        objections.append(verdict)
      }
    }
    loaders = engines.filter { engine in !objections.contains { $0.engine == engine } }
    warnings = objections.map {
      Warning("\($0.engine) \($0.objection ?? "")", remedies: $0.remedies)
    }
  }
}
