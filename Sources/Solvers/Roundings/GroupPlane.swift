internal import LinearAlgebra
internal import Quantizer

/// Nearest plane in one group of columns, for some rows and with a grid still to be chosen.
///
/// When a group is reached, all columns visited before it are rounded, and those still to come will
/// react optimally. With R = diag(√D)·U the factor's block of the group (g × g) and w̃ the group's
/// weights after all feedback, the cost of values ŵ is
///
///     Σ Dⱼ yⱼ²,     y = U (w̃ − ŵ),     t = ŵ + y,     S = Uᵀ diag(D) U
///
/// so a grid can be judged by what it costs after the group's own nearest plane, long before the rest
/// of the row is known. Rows are lanes: line p, row chunk c is element `c·g + p`.
struct GroupPlane<Kernel: RoundingKernel> {
  /// The number of columns g.
  let size: Int
  /// U, `[g, g]`.
  let unitRows: Matrix
  /// The pivots D.
  let pivots: [Float]
  /// The kernel of the scheme's points.
  let kernel: Kernel
  /// w̃, by chunks of sixteen rows.
  let weights: [Lanes]

  /// What can be stored in each row, where the rest of its super-block is chosen; nil where rows are alike.
  var rowEncodings: [any GridEncoding]?
  /// The cheapest scale of each row so far; infinite until one is found, which the caller reports.
  var scales: [Lanes]
  /// The offsets that belong to them.
  var offsets: [Lanes]
  /// The values that they gave, laid out like the weights.
  var values: [Lanes]
  /// The costs Σ Dⱼ yⱼ².
  var costs: [Lanes]

  /// The number of chunks of sixteen rows.
  var chunks: Int { weights.count / size }

  /// A group without a grid.
  init(unitRows: Matrix, pivots: [Float], weights: [Lanes], _ kernel: Kernel) {
    size = pivots.count
    self.unitRows = unitRows
    self.pivots = pivots
    self.weights = weights
    self.kernel = kernel
    let chunks = weights.count / size
    scales = [Lanes](repeating: Lanes(repeating: .infinity), count: chunks)
    offsets = [Lanes](repeating: .zero, count: chunks)
    values = weights
    costs = [Lanes](repeating: Lanes(repeating: .infinity), count: chunks)
  }

  /// Runs the group's nearest plane with an entry for each row of a chunk, and keeps it for the rows
  /// where it costs less.
  ///
  /// Rows without a scale keep the first that is finite, even if its cost is beyond all numbers.
  ///
  /// - Returns: in which rows it was kept.
  /// - Complexity: g² multiply-adds for each row.
  @discardableResult
  mutating func attempt(
    _ scale: Lanes, _ offset: Lanes, chunk: Int, _ scratch: inout PlaneScratch
  ) -> LaneMask {
    var kernel = kernel
    (kernel.scale, kernel.offset) = (scale, offset)
    var cost = Lanes.zero
    let base = chunk * size
    for p in (0..<size).reversed() {
      let w = weights[base + p]
      let t = w + feedback(p, scratch.errors)
      let value = kernel.value(of: kernel.code(of: t))
      let y = t - value
      cost += pivots[p] * y * y
      scratch.errors[p] = w - value
      // Costs only grow.
      if p % 16 == 0, all((cost .>= costs[chunk]) .& (scales[chunk] .< .infinity)) {
        return SIMDMask(repeating: false)
      }
    }
    // A cost that is not a number means values that are none.
    let isFirst = (scales[chunk] .== .infinity) .& (scale .< .infinity) .& (cost .== cost)
    let better = (cost .< costs[chunk]) .| isFirst
    costs[chunk].replace(with: cost, where: better)
    scales[chunk].replace(with: scale, where: better)
    offsets[chunk].replace(with: offset, where: better)
    for p in 0..<size {
      values[base + p].replace(with: weights[base + p] - scratch.errors[p], where: better)
    }
    return better
  }

  /// Σ_{k>p} U_pk e_k.
  @inline(__always)
  private func feedback(_ p: Int, _ errors: [Lanes]) -> Lanes {
    VectorMath.weightedSum(
      unitRows.row(p).extracting(p + 1..<size), errors.span.extracting(p + 1..<size))
  }
}

/// Which rows of a chunk something holds for.
typealias LaneMask = SIMDMask<SIMD16<Int32>>

/// Memory for one attempt, reused by the next.
struct PlaneScratch {
  /// w̃ − ŵ of each column.
  var errors: [Lanes]

  init(size: Int) { errors = [Lanes](repeating: .zero, count: size) }
}
