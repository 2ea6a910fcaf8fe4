internal import Hessian
internal import JSON
internal import Quantizer
internal import Solvers

extension QuantizationSettings {
  /// How ranges were chosen, which is by squared error where the way asked for needs what there is not.
  private func rangeInEffect(_ report: RunReport) -> GridRule.Range {
    if method.clips { return .outputError }
    switch range {
    case .outputError where report.calibrationTokens == 0 && report.importance == nil:
      return .squaredError
    case .solve where !method.rounding.needsCalibration: return .squaredError
    default: return range
    }
  }

  /// How the output was made, for its readers.
  ///
  /// Options that had no effect are left out.
  func provenance(_ report: RunReport) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("quantizer", [.string("ptq:\(version)")]), ("method", .string(method.name)),
      ("range", .string(rangeInEffect(report).rawValue)),
      ("calibration_tokens", .number(JSONNumber(report.calibrationTokens))),
    ]
    if let file = report.importance { members.append(("importance", .string(file))) }
    if method.rounding.name == RoundingMethod.gptq.name {
      members.append(("column_order", .string(options.order.rawValue)))
      let isSearched = options.searchesDamping && report.heldOutTokens > 0
      members.append(
        ("damp_percent", isSearched ? "held-out" : .rounded(options.damping.share)))
    }
    if let correction, report.calibrationTokens > 0, report.importance == nil {
      let strength: JSONValue =
        switch correction.strength {
        case .fixed(let share): .rounded(Double(share))
        case .heldOut: "held-out"
        case .gptaq: "gptaq"
        }
      members.append(("target_correction", strength))
    }
    if method.rotates { members.append(("rotation", "hadamard")) }
    if case .fixed(let alpha) = options.migrationStrength,
      method.transform?.name == TransformMethod.smoothQuant.name
    {
      members.append(("smoothing_strength", .rounded(Double(alpha))))
    }
    if activationScheme?.isCalibrated == true {
      members.append(("observer", .string(observer.name)))
    }
    return JSONValue(members: members)
  }
}
