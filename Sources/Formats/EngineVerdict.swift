public import Quantizer
public import Remedies

/// Whether an engine loads a Linear, and if it does not, why and what it would load instead.
public struct EngineVerdict: Sendable, Hashable {
  /// The name of the engine.
  public let engine: String
  /// Why the engine does not load the Linear as it is; nil when it does.
  public let objection: String?
  /// What the engine would load, the most promising first.
  public let remedies: [Remedy]
  /// Whether a setting or an extension of the engine overcomes the objection.
  public let isConditional: Bool

  /// A verdict; without an objection, the engine loads the Linear.
  public init(
    _ engine: String, objection: String? = nil, remedies: [Remedy] = [],
    isConditional: Bool = false
  ) {
    self.engine = engine
    self.objection = objection
    self.remedies = remedies
    self.isConditional = isConditional
  }

  /// Whether no setting makes the engine load the Linear.
  public var isRefusal: Bool { objection != nil && !isConditional }
}

/// What engines accept, by format.
public enum EngineRules {
  /// What each engine that knows a format does with a Linear in a scheme.
  ///
  /// - Parameters:
  ///   - linear: the Linear.
  ///   - scheme: its scheme.
  ///   - format: the format.
  ///   - modelType: the `model_type`, if the Linear belongs to one of several experts, which engines compute in
  ///     another way.
  /// - Returns: one verdict for each engine; none for a format that the table does not have.
  public static func verdicts(
    on linear: LinearShape, _ scheme: LinearScheme, in format: any CheckpointFormat,
    inExpertOf modelType: String? = nil
  ) -> [EngineVerdict] {
    (table[format.name] ?? []).map { rule in
      let objection =
        modelType.flatMap { experts(of: $0, scheme, in: format, by: rule.engine) }
        ?? rule.objection(linear, scheme)
      return EngineVerdict(
        rule.engine, objection: objection?.reason, remedies: objection?.remedies ?? [],
        isConditional: objection?.isConditional ?? false)
    }
  }
}
