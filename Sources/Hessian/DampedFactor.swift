public import LinearAlgebra

/// The Cholesky factor of a damped and reordered Hessian, for back substitution with rounding.
///
///     P (H + λI) Pᵀ = RᵀR,     λ = damping · mean(diag H)
///
/// P puts the column that is visited first in the LAST place, because back substitution runs from the
/// last column to the first. The squared diagonal Rⱼⱼ² is the pivot of column j: its curvature after
/// all columns still to come have reacted. In the notation of Frantar et al. 2022 (arXiv 2210.17323), whose
/// algorithm uses the upper factor U of H⁻¹, Rⱼⱼ = 1/Uⱼⱼ.
public struct DampedFactor: Sendable {
  /// The column visited at each step.
  public let order: [Int]
  /// R with each row divided by its diagonal element, so that its diagonal is 1: row and column p
  /// belong to the column `order[n − 1 − p]`.
  public let unitRows: Matrix
  /// The pivots Rⱼⱼ², in the positions of `unitRows`.
  public let pivots: [Double]
  /// The damping of this factor, as a share of the mean diagonal.
  public let damping: Double
  /// The number of smaller dampings that failed.
  public let retries: Int
  /// The channels that were zero in every token of the calibration, in ascending order.
  ///
  /// Their rows and columns of H are zero, so with damping they are independent of all others and
  /// are rounded to nearest: calibration says nothing about them. Channels taken out by
  /// ``InputStatistics/removing(channels:)`` are not among them.
  public let deadChannels: [Int]

  /// Factors the Hessian, climbing ``Damping/ladder`` when it must.
  ///
  /// - Parameters:
  ///   - statistics: the input.
  ///   - order: the order in which columns are visited.
  ///   - groupSize: the number of columns that share a scale; nil for all.
  ///   - superBlock: the number of columns whose groups have something in common; nil where they have nothing.
  ///   - damping: what is added to the diagonal.
  /// - Throws: ``FactorFailure`` if an input was not finite, or even the largest damping is not enough.
  /// - Complexity: n³/3 flops in double precision per attempt; n² where H is a diagonal.
  public init(
    of statistics: InputStatistics, order: ColumnOrder, groupSize: Int? = nil,
    superBlock: Int? = nil, damping: Damping = Damping()
  ) throws(FactorFailure) {
    if let found = statistics.nonFinite { throw .nonFinite(found) }
    let meanSquares = statistics.meanSquares
    let columns = order.columns(
      meanSquares: meanSquares, groupSize: groupSize ?? max(1, statistics.channels),
      superBlock: superBlock)
    let mean = meanSquares.reduce(0) { $0 + Double($1) } / Double(max(1, meanSquares.count))
    // An input that is zero throughout has no scale of its own.
    let scale = mean > 0 ? mean : 1
    if let known = Self.diagonal(of: statistics, meanSquares, damping, scale: scale) {
      unitRows = Matrix(rows: columns.count, columns: columns.count) { $0 == $1 ? 1 : 0 }
      pivots = columns.reversed().map { known.pivots[$0] }
      (self.damping, retries) = (known.share, known.retries)
    } else {
      let (factor, share, retries) = try Self.factor(
        statistics, by: columns, damping, scale: scale)
      (unitRows, pivots) = Self.unitRows(of: factor)
      (self.damping, self.retries) = (share, retries)
    }
    self.order = columns
    let removed = Set(statistics.removedChannels)
    deadChannels = meanSquares.indices.filter { meanSquares[$0] == 0 && !removed.contains($0) }
  }

  /// The pivots of a Hessian without correlations, by channel: its diagonal, damped; nil for any other.
  private static func diagonal(
    of statistics: InputStatistics, _ meanSquares: [Float], _ damping: Damping, scale: Double
  ) -> (pivots: [Double], share: Double, retries: Int)? {
    guard statistics.secondMoment.isDiagonal else { return nil }
    for (retries, share) in damping.ladder.enumerated() {
      let pivots = meanSquares.map { Double($0) + share * scale }
      if pivots.allSatisfy({ $0 > 0 && $0.isFinite }) { return (pivots, share, retries) }
    }
    return nil
  }

  /// The factor of the first damping on the ladder that allows one, that damping, and its step.
  private static func factor(
    _ statistics: InputStatistics, by order: [Int], _ damping: Damping, scale: Double
  ) throws(FactorFailure) -> (CholeskyFactor, share: Double, retries: Int) {
    var failure = FactorFailure.notPositiveDefinite(channel: nil, damping: damping.share)
    for (retries, share) in damping.ladder.enumerated() {
      // Built again for each attempt, of which there are few, so that only one n × n matrix of
      // doubles is alive at a time.
      let damped = reordered(statistics, by: order, adding: share * scale)
      do throws(CholeskyFailure) {
        return (try CholeskyFactor(order: order.count, upper: damped), share, retries)
      } catch .notPositiveDefinite(let pivot) {
        failure = .notPositiveDefinite(channel: order[order.count - 1 - pivot], damping: share)
      } catch {
        // The diagonal is finite, but a sum off the diagonal overflowed. No damping helps.
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
    let (sums, weight) = (statistics.secondMoment.upperSum.elements, statistics.weight)
    return [Double](upperTriangleOf: n, blocksOf: tileSize) { rows, block in
      // In tiles, because the elements of a row are far apart in the sums where columns go backwards.
      for tile in stride(from: rows.lowerBound, to: n, by: tileSize) {
        for p in rows {
          let i = order[n - 1 - p]
          let start = (p - rows.lowerBound) * n
          for q in max(p, tile)..<max(p, min(n, tile + tileSize)) {
            let j = order[n - 1 - q]
            block[start + q] = Double(sums[min(i, j) * n + max(i, j)]) / weight
          }
        }
      }
      for p in rows { block[(p - rows.lowerBound) * n + p] += ridge }
    }
  }

  private static let tileSize = 64

  private static func unitRows(of factor: CholeskyFactor) -> (Matrix, [Double]) {
    let (n, elements) = (factor.order, factor.elements)
    let rows = Matrix(rows: n, columns: n, blocksOf: tileSize) { rows, block in
      for p in rows {
        let diagonal = elements[p * (n + 1)]
        var row = block.mutableRow(p - rows.lowerBound)
        for q in 0..<p { row[q] = 0 }
        for q in p..<n { row[q] = Float(elements[p * n + q] / diagonal) }
      }
    }
    return (rows, (0..<n).map { elements[$0 * (n + 1)] * elements[$0 * (n + 1)] })
  }
}

/// What is added to the diagonal of a Hessian before it is factored.
public struct Damping: Sendable, Equatable {
  /// The share of the mean diagonal to start with.
  public let share: Double
  /// The largest share that is tried.
  public static let largest = 1.0
  /// The dampings among which held-out tokens may choose, half a decade apart around the default.
  public static let choices = [0.001, 0.003, 0.01, 0.03, 0.1].map { Damping(share: $0) }

  /// The shares to try in turn, each ten times the one before, up to `largest`.
  public var ladder: [Double] {
    var steps = [share]
    while let last = steps.last, last < Self.largest {
      steps.append(min(Self.largest, max(last, 1e-6) * 10))
    }
    return steps
  }

  /// A damping that starts at the given share of the mean diagonal.
  ///
  /// - Precondition: `share` is in 0...1.
  public init(share: Double = 0.01) {
    precondition((0...Self.largest).contains(share), "damping \(share)")
    self.share = share
  }
}

/// Why the statistics of an input have no factor.
public enum FactorFailure: Error, Equatable, CustomStringConvertible {
  /// Channels of the input have no second moment.
  case nonFinite(NonFiniteInput)
  /// The inputs are finite, but so large that their products are not.
  case overflow
  /// The Hessian is not positive definite even with this damping.
  case notPositiveDefinite(channel: Int?, damping: Double)

  /// What was found, and what to try.
  public var description: String {
    switch self {
    case .nonFinite(let input):
      input.description(of: "the calibration")
        + "; check the model's weights and the calibration text"
    case .overflow:
      "the inputs were so large during calibration that their second moments overflowed; "
        + "check the model's weights"
    case .notPositiveDefinite(let channel, let damping):
      "the Hessian is not positive definite at channel \(channel.map(String.init) ?? "?") "
        + "even with damping \(damping); use more, or more varied, calibration tokens"
    }
  }
}
