public import Hessian

/// Options of methods; each method uses those that apply to it.
public struct MethodOptions: Sendable {
  /// The order in which columns are visited (gptq).
  public let order: ColumnOrder
  /// What is added to the diagonal of the Hessian (gptq).
  public let damping: Damping
  /// Whether held-out tokens choose the damping of each stage, among ``Damping/choices``.
  public let searchesDamping: Bool
  /// How far difficulty migrates from inputs to weights (smoothquant).
  public let migrationStrength: SmoothQuant.MigrationStrength

  /// Options whose defaults measured best in this project.
  public init(
    order: ColumnOrder = .activation, damping: Damping = Damping(),
    searchesDamping: Bool = false,
    migrationStrength: SmoothQuant.MigrationStrength = .fixed(0.5)
  ) {
    self.order = order
    self.damping = damping
    self.searchesDamping = searchesDamping
    self.migrationStrength = migrationStrength
  }

  /// The same options for each damping to choose from; empty where there is no choice.
  public var alternatives: [MethodOptions] {
    guard searchesDamping else { return [] }
    return Damping.choices.filter { $0 != damping }.map {
      MethodOptions(order: order, damping: $0, migrationStrength: migrationStrength)
    }
  }
}
