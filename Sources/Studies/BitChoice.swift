internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Pipeline
internal import Quantizer
internal import Solvers
internal import Transformer

/// One way in which a search may store Linears, as far as their widths allow.
struct BitChoice {
  /// How a plan spells it.
  let entry: BitPlan.Entry
  private let settings: QuantizationSettings
  /// What is stored for each Linear.
  private let schemes: [String: LinearScheme]
  /// The bits that each Linear takes of the budget.
  private let sizes: [String: Int]

  /// A choice for some Linears of a model.
  ///
  /// - Throws: what is wrong with it: ``RunError``, `SchemeError`, `StageError`, or `CheckpointError` for a model that the
  ///   format does not store.
  init(
    _ entry: BitPlan.Entry, _ linears: [LinearShape], of model: LanguageModel,
    _ settings: QuantizationSettings
  ) throws {
    let stored = try settings.storing(entry)
    var schemes: [String: LinearScheme] = [:]
    for linear in linears { schemes[linear.name] = try stored.scheme(of: linear, in: model) }
    let scheme = { (linear: LinearShape) in schemes[linear.name] ?? stored.linearScheme }
    let isFree = stored.format.standardScheme == nil
    try RunPlan.checkWidths(linears, isFree: isFree) { scheme($0).weights }
    _ = try EngineCheck(linears.map { ($0, scheme($0)) }, in: stored.format)
    try stored.checkRounding(linears) { scheme($0).weights }
    (self.entry, self.settings, self.schemes) = (entry, stored, schemes)
    sizes = Dictionary(
      linears.map { ($0.name, stored.format.budgetedBits(of: $0, scheme($0).weights)) }
    ) { first, _ in first }
  }

  /// What is stored for a Linear.
  func scheme(of linear: String) -> LinearScheme { schemes[linear] ?? settings.linearScheme }

  /// The recipe for a Linear, and all that are solved together with it.
  func recipe(for linear: String, scales: FloatFormat) -> Recipe {
    settings.recipe(storing: scheme(of: linear), scales: scales)
  }

  /// The bits that Linears take of the budget.
  func size(of linears: some Sequence<LinearShape>) -> Int {
    linears.reduce(0) { $0 + (sizes[$1.name] ?? 0) }
  }
}
