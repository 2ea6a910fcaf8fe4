public import Hessian
internal import LinearAlgebra
internal import Synchronization

/// One problem for any number of recipes; the work that they share is done once.
///
/// The session owns its problem, so what it caches (factors of the Hessians, energies of the
/// unquantized outputs) cannot belong to another one. Each solve is pure: the same recipe gives the
/// same solution, whatever was solved before.
public final class StageSession: Sendable {
  /// The problem to solve.
  public let problem: StageProblem
  /// The input of each group, with its cached factors.
  let inputs: [RoundingInput]
  private let energies: [[OutputEnergyCache]]

  /// A session for a problem.
  public init(_ problem: StageProblem) {
    self.problem = problem
    inputs = problem.groups.map { RoundingInput($0.input) }
    energies = problem.groups.map { $0.linears.map { _ in OutputEnergyCache() } }
  }

  /// The energy of a Linear's unquantized output.
  func energy(group: Int, linear: Int, byRow: Bool) -> OutputEnergy {
    energies[group][linear].energy(byRow: byRow) {
      let group = problem.groups[group]
      return OutputEnergy(of: group.linears[linear].weights, in: group.input, byRow: byRow)
    }
  }
}

/// The input that a rounding prepares for.
public struct RoundingInput: Sendable {
  /// The statistics that solvers may use; nil without calibration.
  public let calibration: InputStatistics?
  /// Statistics of tokens that no solver sees.
  public let heldOut: InputStatistics?
  /// What computes large products.
  let engine: ProductEngine
  private let factors = FactorCache()

  /// The input of a group.
  public init(_ input: CalibratedInput) {
    calibration = input.calibration
    heldOut = input.heldOut
    engine = input.engine
  }

  /// The factor of the damped Hessian, computed once for each order and damping.
  ///
  /// - Throws: ``SolverError`` without calibration, or when the statistics cannot be factored.
  /// - Complexity: n³/3 flops the first time.
  public func factor(
    _ order: ColumnOrder, groupSize: Int? = nil, superBlock: Int? = nil, _ damping: Damping,
    for method: String
  ) throws(SolverError) -> DampedFactor {
    guard let calibration else { throw .calibrationNeeded(method: method) }
    do throws(FactorFailure) {
      return try factors.factor(of: calibration, order, groupSize, superBlock, damping)
    } catch {
      throw .factor(error)
    }
  }
}

/// The cached factors of one input.
private final class FactorCache: Sendable {
  private struct Key: Hashable {
    let order: ColumnOrder
    /// Nil where the order does not depend on it.
    let groupSize: Int?
    /// Nil likewise.
    let superBlock: Int?
    let damping: Double
  }

  private let factors = Mutex([Key: DampedFactor]())

  func factor(
    of statistics: InputStatistics, _ order: ColumnOrder, _ groupSize: Int?, _ superBlock: Int?,
    _ damping: Damping
  ) throws(FactorFailure) -> DampedFactor {
    let key = Key(
      order: order, groupSize: order == .groupAware ? groupSize : nil,
      superBlock: order == .groupAware ? superBlock : nil, damping: damping.share)
    if let known = factors.withLock({ $0[key] }) { return known }
    let made = try DampedFactor(
      of: statistics, order: order, groupSize: groupSize, superBlock: superBlock, damping: damping)
    factors.withLock { $0[key] = made }
    return made
  }
}

/// The cached energy of one Linear's output, with or without that of its rows.
private final class OutputEnergyCache: Sendable {
  private let known = Mutex<(energy: OutputEnergy, byRow: Bool)?>(nil)

  func energy(byRow: Bool, make: () -> OutputEnergy) -> OutputEnergy {
    if let known = known.withLock(\.self), known.byRow || !byRow { return known.energy }
    let made = make()
    known.withLock { $0 = (made, byRow) }
    return made
  }
}
