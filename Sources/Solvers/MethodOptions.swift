public import Hessian

/// Options of methods; each takes those that concern it.
public struct MethodOptions: Sendable {
  /// The order in which columns are visited (gptq).
  public let order: ColumnOrder
  /// What is added to the diagonal of a Hessian (gptq).
  public let damping: Damping
  /// How far difficulty migrates from inputs to weights (smoothquant).
  public let migrationStrength: SmoothQuant.MigrationStrength

  /// Options, each with the default that the project measured to be best.
  public init(
    order: ColumnOrder = .activation, damping: Damping = Damping(),
    migrationStrength: SmoothQuant.MigrationStrength = .fixed(0.5)
  ) {
    self.order = order
    self.damping = damping
    self.migrationStrength = migrationStrength
  }
}
