public import LinearAlgebra

/// The Cholesky factor of a damped, reordered Hessian: what back substitution with rounding needs.
///
///     P (H + λI) Pᵀ = RᵀR,     λ = damping · mean(diag H)
///
/// P puts the column visited first LAST, because back substitution runs from the last column to
/// the first. The squared diagonal Rⱼⱼ² is the pivot of column j: its curvature after all columns
/// still to come have reacted. In the notation of Frantar et al. 2022 (arXiv 2210.17323), whose
/// algorithm uses the upper factor U of H⁻¹, Rⱼⱼ = 1/Uⱼⱼ.
public struct DampedFactor: Sendable {
  /// The column visited at each step.
  public let order: [Int]
  /// R with each row divided by its diagonal element, so that its diagonal is 1: row and column p
  /// belong to the column `order[n − 1 − p]`.
  public let unitRows: Matrix
  /// The pivots Rⱼⱼ², in the positions of `unitRows`.
  public let pivots: [Double]
  /// The damping that the factor was made with, as a share of the mean diagonal.
  public let damping: Double
  /// How often a smaller damping had failed before.
  public let retries: Int
  /// The channels that were zero in every token of the calibration.
  ///
  /// Their row and column of H is zero, so with damping they are independent of all others and
  /// rounded to nearest: calibration says nothing about them.
  public let deadChannels: [Int]

  /// Factors the Hessian, climbing ``Damping/ladder`` when it must.
  ///
  /// - Throws: ``FactorFailure`` when an input was not finite or no damping allowed was enough.
  /// - Complexity: n³/3 flops in double precision for each try.
  public init(
    of statistics: InputStatistics, order: ColumnOrder, damping: Damping = Damping()
  ) throws(FactorFailure) {
    let bad = statistics.nonFiniteChannels
    guard bad.isEmpty else { throw .nonFiniteInput(channels: bad) }
    let meanSquares = statistics.meanSquares
    let columns = order.columns(meanSquares: meanSquares)
    let mean = meanSquares.reduce(0) { $0 + Double($1) } / Double(max(1, meanSquares.count))
    // An input of nothing but zeros has no scale of its own.
    let scale = mean > 0 ? mean : 1
    let (factor, share, retries) = try Self.factor(
      statistics, by: columns, damping, scale: scale)
    (unitRows, pivots) = Self.unitRows(of: factor)
    self.order = columns
    self.damping = share
    self.retries = retries
    deadChannels = meanSquares.indices.filter { meanSquares[$0] == 0 }
  }

  /// Climbs the ladder of dampings until a factor exists; says which step it was.
  private static func factor(
    _ statistics: InputStatistics, by order: [Int], _ damping: Damping, scale: Double
  ) throws(FactorFailure) -> (CholeskyFactor, share: Double, retries: Int) {
    var failure = FactorFailure.notPositiveDefinite(channel: nil, damping: damping.share)
    for (retries, share) in damping.ladder.enumerated() {
      // Made anew for each try, since tries are few: so only one n × n matrix of doubles lives.
      let damped = reordered(statistics, by: order, adding: share * scale)
      do throws(CholeskyFailure) {
        return (try CholeskyFactor(order: order.count, upper: damped), share, retries)
      } catch .notPositiveDefinite(let pivot) {
        failure = .notPositiveDefinite(channel: order[order.count - 1 - pivot], damping: share)
      } catch {
        // Each diagonal is finite, but a sum beside it overflowed: no damping mends that.
        throw .overflow
      }
    }
    throw failure
  }

  /// The upper triangle of P (H + ridge·I) Pᵀ, in double precision.
  private static func reordered(
    _ statistics: InputStatistics, by order: [Int], adding ridge: Double
  ) -> [Double] {
    let n = order.count
    var result = [Double](repeating: 0, count: n * n)
    for p in 0..<n {
      let i = order[n - 1 - p]
      for q in p..<n {
        let j = order[n - 1 - q]
        result[p * n + q] = statistics.upper(min(i, j), max(i, j))
      }
      result[p * (n + 1)] += ridge
    }
    return result
  }

  private static func unitRows(of factor: CholeskyFactor) -> (Matrix, [Double]) {
    let n = factor.order
    var rows = Matrix(rows: n, columns: n)
    var pivots = [Double](repeating: 0, count: n)
    for p in 0..<n {
      let diagonal = factor.elements[p * (n + 1)]
      pivots[p] = diagonal * diagonal
      var row = rows.mutableRow(p)
      for q in p..<n { row[q] = Float(factor.elements[p * n + q] / diagonal) }
    }
    return (rows, pivots)
  }
}

/// How much is added to the diagonal of a Hessian before it is factored.
public struct Damping: Sendable, Equatable {
  /// The share of the mean diagonal to start with.
  public let share: Double
  /// The share beyond which a failing factorization is an error.
  public static let largest = 1.0

  /// The shares to try, one after another: tenfold each time, up to `largest`.
  public var ladder: [Double] {
    var steps = [share]
    while let last = steps.last, last < Self.largest {
      steps.append(min(Self.largest, max(last, 1e-6) * 10))
    }
    return steps
  }

  /// A damping that starts with the given share of the mean diagonal.
  ///
  /// - Precondition: `share` is in 0...1.
  public init(share: Double = 0.01) {
    precondition((0...Self.largest).contains(share), "damping \(share)")
    self.share = share
  }
}

/// Why a layer's statistics could not be factored.
public enum FactorFailure: Error, Equatable, CustomStringConvertible {
  /// These input channels were infinite or NaN in some token of the calibration.
  case nonFiniteInput(channels: [Int])
  /// The inputs are finite, but so large that their products are not.
  case overflow
  /// The Hessian is not positive definite even with this damping.
  case notPositiveDefinite(channel: Int?, damping: Double)

  /// What was found, and what to try.
  public var description: String {
    switch self {
    case .nonFiniteInput(let channels):
      "\(channels.count) input channels are infinite or NaN during calibration, the first is "
        + "channel \(channels.first ?? 0); check the model's weights and the calibration text"
    case .overflow:
      "the inputs are so large during calibration that their second moments overflow; "
        + "check the model's weights"
    case .notPositiveDefinite(let channel, let damping):
      "the Hessian is not positive definite at channel \(channel.map(String.init) ?? "?") "
        + "even with damping \(damping); use more, or more varied, calibration tokens"
    }
  }
}
