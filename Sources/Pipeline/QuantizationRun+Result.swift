internal import Checkpoint
internal import Formats
internal import JSON
internal import Quantizer
internal import Solvers
internal import Transformer

// What a run says of its result, and the end of it.

extension QuantizationRun {
  /// What its user should know about the output.
  var warnings: [Warning] {
    var warnings = plan.engines.warnings + model.warnings
    if settings.format.isFile { warnings += Warning.leavingOut(plan.foreign) }
    warnings += Warning.replacing(replacedTypes)
    if let head = plan.head, plan.untiesHead, !model.untiesHead, !model.storesTiedHead {
      let bytes = settings.format.layout(
        of: head, plan.schemes[head.name] ?? settings.linearScheme, scales: plan.scales
      ).reduce(0) { $0 + ($1.shape.byteCount ?? 0) }
      let size = bytes < 1_000_000 ? "\(bytes / 1000) KB" : "\((bytes + 500_000) / 1_000_000) MB"
      warnings.append(
        Warning(
          "head: no longer shares its weights with the embedding, which stays as it is; that takes "
            + "\(size) more"))
    }
    return warnings
  }

  /// The Linears of a file that are not stored in the type that the plan of bits names.
  private var replacedTypes: [(asked: String, stored: String)] {
    guard settings.format.isFile, let planned = settings.bitPlan else { return [] }
    return plan.schemes.compactMap { name, scheme in
      guard let asked = planned[name]?.description,
        let stored = settings.format.typeName(of: scheme.weights), stored != asked
      else { return nil }
      return (asked, stored)
    }
  }

  /// The report of a run that has solved nothing yet, or so much as an interrupted one had.
  var emptyReport: RunReport {
    var report = RunReport(
      method: settings.method.name,
      calibrationTokens: importance?.tokenCount
        ?? (calibration?.calibration.count ?? 0) * (calibration?.length ?? 0),
      heldOutTokens: (calibration?.heldOut.count ?? 0) * (calibration?.length ?? 0),
      distinctTokens: calibration?.distinctTokenCount, linears: journal?.linears ?? [],
      unquantized: journal?.unquantized ?? [], seconds: nil)
    report.importance = importance?.path.split(separator: "/").last.map(String.init)
    return report
  }

  /// Writes the report, and makes the result complete.
  ///
  /// - Throws: ``RunError/allFailed`` where nothing was quantized, and `CheckpointError` where the model has changed or
  ///   something cannot be written.
  func commit(_ report: inout RunReport, to sink: any ResultSink, _ phases: PhaseClock) throws {
    let failed = report.unquantized.map(\.name)
    guard failed.count < plan.linearCount else { throw RunError.allFailed }
    report.unquantized += unquantizedBefore
    try sink.storeFile(RunReport.fileName, report.json.bytes(.pretty))
    try identity.checkFiles(of: model)
    let provenance = settings.provenance(report)
    try phases.during(.writing) {
      try sink.commit(
        ResultDescription(
          configuration: try model.outputConfiguration(untying: plan.untiesHead),
          groups: plan.groups(without: Set(failed)),
          leaving: LinearSelection(
            quantized: plan.groups(without: Set(failed)).flatMap(\.linears),
            dense: plan.dense + failed, foreign: plan.foreign,
            head: plan.storedHead.flatMap { failed.contains($0) ? nil : $0 }),
          provenance: provenance, record: try identity.record(of: model, adding: provenance)))
    }
  }
}
