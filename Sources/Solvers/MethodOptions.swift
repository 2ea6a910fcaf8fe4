public import Hessian

/// Options of methods; each method uses those that apply to it.
public struct MethodOptions: Sendable {
  /// The order in which columns are visited (gptq).
  public let order: ColumnOrder
  /// What is added to the diagonal of the Hessian (gptq).
  public let damping: Damping
  /// How far difficulty migrates from inputs to weights (smoothquant).
  public let migrationStrength: SmoothQuant.MigrationStrength

  /// Options whose defaults measured best in this project.
  public init(
    order: ColumnOrder = .activation, damping: Damping = Damping(),
    migrationStrength: SmoothQuant.MigrationStrength = .fixed(0.5)
  ) {
    self.order = order
    self.damping = damping
    self.migrationStrength = migrationStrength
  }
}
