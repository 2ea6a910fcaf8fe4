// How far a quantized Linear is from what any code with as many bits could reach.
//
// A row of W with variance σ² in each group is taken for Gaussian, and the loss d H dᵀ for its
// distortion. By reverse water-filling (Shannon 1959; Cover and Thomas, Elements of Information Theory,
// 10.3.3) no code of R bits for each weight, however clever, gets below
//
//   D(R) = n Σ_r exp(ℓ + v_r) 2^(−2R),     ℓ = ln det(H) / n,   v_r = mean over groups of ln σ²_{r,g}
//
// on average over such rows. The distance of a measured loss L in bits for each weight is
//
//   gap = ½ log₂(L / D(b))
//
// and for evenly spaced points it is, exactly, the sum of four causes. With the pivots Dⱼ of the
// visiting order and the steps s, AM and GM the arithmetic and geometric means,
//
//   order     ½ log₂ (AM(D s²) / GM(D s²))          some columns cost more than others
//   cell      ½ log₂ (2πe / 12) = 0.2546            cubes, where spheres would be best
//   loading   ½ log₂ (GM(s²) 2^(2b) / (2πe GM(σ²))) a fixed rate: the range must hold the tails
//   clipping  ½ log₂ (12 L / (m n AM(D s²)))        values beyond the range, and what feedback adds
//
// Scales and zero points count as given; `total` adds the bits that they take.
//
// This holds where D(b) is below the smallest eigenvalue. With few tokens H has eigenvalues near 0, and
// the distance is b − R(L), R by water-filling over all of them (WaterFilling.swift); it has no causes then.

internal import Glibc
internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// The distance of a loss from the limit, in bits for each weight.
public struct RateGap: Sendable, Equatable {
  /// ½ log₂ (L / D(b)) for codes of b bits.
  public let gap: Double
  /// The gap with the bits of scales and offsets added to the rate of the limit.
  public let total: Double
  /// Its causes; nil for a table of levels, whose steps are not one number, and for few tokens.
  public let causes: Causes?

  /// What the gap consists of.
  public struct Causes: Sendable, Equatable {
    /// Unequal pivots: the order in which columns are visited.
    public let order: Double
    /// Cubic cells.
    public let cell: Double
    /// The range that a fixed rate must cover.
    public let loading: Double
    /// Clipping, in the weights and in what feedback makes of them.
    public let clipping: Double

    /// Given causes.
    public init(order: Double, cell: Double, loading: Double, clipping: Double) {
      self.order = order
      self.cell = cell
      self.loading = loading
      self.clipping = clipping
    }
  }

  /// A distance that is known.
  public init(gap: Double, total: Double, causes: Causes?) {
    self.gap = gap
    self.total = total
    self.causes = causes
  }

  /// The damping of the factor that says what the limit is; what solvers use would raise it.
  static let damping = Damping(share: 1e-6)

  /// Measures a quantized matrix.
  ///
  /// Nil where a group has no variance or nothing is lost, since then the limit is zero.
  ///
  /// - Parameters:
  ///   - weights: W, `[out, in]`.
  ///   - found: the quantized weights.
  ///   - loss: L = tr(Δ H Δᵀ).
  ///   - factor: a factor of H with hardly any damping.
  ///   - input: the input, for H where it may not have full rank.
  ///   - bitsPerGroup: what the scale and offset of a group take.
  init?(
    _ weights: Matrix, _ found: QuantizedWeight, loss: Double, _ factor: DampedFactor,
    of input: InputStatistics, bitsPerGroup: Double
  ) {
    let (scheme, grid) = (found.grid.scheme, found.grid)
    let bits = log2(Double(scheme.largestCode + 1))
    let overhead = bitsPerGroup / Double(grid.groupSize)
    // The formulas take all groups for equally wide.
    guard loss > 0, grid.groups * grid.groupSize == weights.columns else { return nil }
    let variances = (0..<weights.rows).map { weights.logVariances(row: $0, grid) }
    guard variances.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return nil }
    guard factor.deadChannels.isEmpty, factor.retries == 0, !input.mayLackRank else {
      guard
        let rate = WaterFilling.rate(
          variances, groupSize: grid.groupSize, in: input, loss: loss)
      else { return nil }
      self.init(gap: bits - rate, total: bits - rate + overhead, causes: nil)
      return
    }
    let n = Double(weights.columns)
    let logDeterminant = factor.pivots.reduce(0) { $0 + log($1) } / n
    let limit =
      n
      * variances.reduce(0) { $0 + exp(logDeterminant + $1.reduce(0, +) / Double(grid.groups)) }
    guard limit > 0, limit.isFinite else { return nil }
    let gap = 0.5 * log2(loss / limit) + bits
    let total = gap + overhead
    guard scheme.hasEvenSteps else {
      self.init(gap: gap, total: total, causes: nil)
      return
    }
    let steps = RowSteps(grid, factor)
    // The geometric mean over a row, averaged over rows as the limit is.
    let geometric = exp(logDeterminant) * steps.geometricMean
    let clipping = 12 * loss / (n * Double(weights.rows) * steps.arithmeticMean)
    let twoPiE = 2 * Double.pi * M_E
    self.init(
      gap: gap, total: total,
      causes: Causes(
        order: 0.5 * log2(steps.arithmeticMean / geometric), cell: 0.5 * log2(twoPiE / 12),
        loading: bits + 0.5 * log2(geometric * n * Double(weights.rows) / (twoPiE * limit)),
        clipping: 0.5 * log2(clipping)))
  }
}

extension Scheme {
  /// Whether neighbouring points are all equally far apart.
  fileprivate var hasEvenSteps: Bool { if case .table = points { false } else { true } }
}

/// Means of the squared steps, over all rows of a grid.
private struct RowSteps {
  /// AM(Dⱼ s²) over rows and columns.
  let arithmeticMean: Double
  /// The mean over rows of GM(s²).
  let geometricMean: Double

  init(_ grid: Grid, _ factor: DampedFactor) {
    var pivotSums = [Double](repeating: 0, count: grid.groups)
    for (p, pivot) in factor.pivots.enumerated() {
      pivotSums[factor.column(ofLine: p) / grid.groupSize] += pivot
    }
    let (rows, groups) = (grid.scales.rows, grid.groups)
    var (sum, geometric) = (0.0, 0.0)
    for row in 0..<rows {
      var logarithms = 0.0
      for group in 0..<groups {
        let step = abs(Double(grid.scales[row, group]))
        sum += pivotSums[group] * step * step
        logarithms += 2 * log(step)
      }
      geometric += exp(logarithms / Double(groups))
    }
    arithmeticMean = sum / Double(rows * grid.groupSize * groups)
    geometricMean = geometric / Double(rows)
  }
}

extension Matrix {
  /// ln σ² of each group of a row: around the group's mean where the grid has an offset, around 0 where
  /// it has none.
  fileprivate func logVariances(row: Int, _ grid: Grid) -> [Double] {
    let (values, size) = (self.row(row), Double(grid.groupSize))
    return (0..<grid.groups).map { group in
      var (first, second) = (0.0, 0.0)
      for j in group * grid.groupSize..<(group + 1) * grid.groupSize {
        first += Double(values[j])
        second += Double(values[j]) * Double(values[j])
      }
      let mean = first / size
      return log(second / size - (grid.scheme.isCentred ? 0 : mean * mean))
    }
  }
}

extension InputStatistics {
  /// Whether H is known from so few tokens that its smallest eigenvalues are not to be trusted.
  ///
  /// A Hessian that was given counts as one token, and is trusted.
  fileprivate var mayLackRank: Bool { tokenCount > 1 && tokenCount < 10 * channels }
}

extension Scheme {
  /// Whether the points of every group lie around 0.
  fileprivate var isCentred: Bool { points != .zeroPoint && points != .offset }
}
