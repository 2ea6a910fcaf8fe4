internal import Hessian
internal import Synchronization

/// Remembers what depends on an input and a Linear only, so that a comparison of recipes computes it
/// once: factors of the Hessian, and the size of the unquantized output.
///
/// Nothing else can be told from outside: what is remembered is what would be computed.
final class SolverMemory: Sendable {
  private struct FactorKey: Hashable {
    let order: ColumnOrder
    let damping: Double
  }

  private let factors = Mutex([FactorKey: DampedFactor]())
  private let energies = Mutex([String: OutputEnergy]())

  /// The factor for an order and a damping.
  func factor(
    _ order: ColumnOrder, _ damping: Damping, make: () throws(FactorFailure) -> DampedFactor
  ) throws(FactorFailure) -> DampedFactor {
    let key = FactorKey(order: order, damping: damping.share)
    if let known = factors.withLock({ $0[key] }) { return known }
    let made = try make()
    factors.withLock { $0[key] = made }
    return made
  }

  /// The energy of a Linear's output.
  func energy(of linear: String, make: () -> OutputEnergy) -> OutputEnergy {
    if let known = energies.withLock({ $0[linear] }) { return known }
    let made = make()
    energies.withLock { $0[linear] = made }
    return made
  }
}
