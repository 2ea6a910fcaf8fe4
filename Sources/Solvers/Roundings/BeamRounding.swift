// A beam in place of nearest plane (arXiv 2507.18553): the K-best search of sphere decoders, on GPTQ's
// back substitution.
//
//   tⱼ = wⱼ + Σ_{k>j} (Rⱼₖ / Rⱼⱼ)(w_k − ŵ_k)      of each path, for j = n − 1 … 0
//   children: the points nearest to tⱼ             `branches` of each path
//   cost:     Σ Dⱼ (tⱼ − ŵⱼ)²,  Dⱼ = Rⱼⱼ²          which sums up to d (H + λI) dᵀ, d = w − ŵ
//   paths:    the `width` cheapest children
//
// With one path this is nearest plane. A wider beam can lose the path that nearest plane takes, so a
// row keeps its start unless the beam found better codes. papers-notes/beam.md has the rest.

public import Hessian
internal import LinearAlgebra
public import Quantizer

/// GPTQ's grid, with codes from a beam search in the metric of the damped Hessian.
public struct BeamRounding: Rounding {
  /// What gives the grid, and the codes to improve on.
  public let start: NearestPlaneRounding
  /// The number of paths that each row keeps.
  public let width: Int
  /// The number of points that each path goes on to.
  public let branches: Int

  /// The order of what it starts from.
  public var order: ColumnOrder { start.order }

  /// A rounding with given options.
  ///
  /// - Precondition: `width` and `branches` are at least 1.
  public init(
    start: NearestPlaneRounding = NearestPlaneRounding(), width: Int = 8, branches: Int = 2
  ) {
    precondition(width >= 1 && branches >= 1, "a beam of \(width) paths with \(branches) branches")
    self.start = start
    self.width = width
    self.branches = branches
  }

  /// Factors the Hessian of the input.
  ///
  /// - Throws: ``SolverError`` without calibration statistics or when they cannot be factored.
  /// - Complexity: n³/3 flops.
  public func prepared(
    for input: RoundingInput, _ scheme: Scheme
  ) throws(SolverError) -> any PreparedRounding {
    Beam(
      start: try start.plane(for: input, scheme, method: "beam"), width: width, branches: branches)
  }
}

/// A beam search with a given factor.
struct Beam: PreparedRounding {
  let start: NearestPlane
  let width: Int
  let branches: Int

  var conditioning: Conditioning? { start.conditioning }
  var pivots: [Float]? { start.pivots }

  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight {
    cheapest(weights, on: grid, or: [start.round(weights, on: grid)])
  }

  /// The grid of the start, and in each row its codes, nearest plane's or the beam's.
  ///
  /// - Throws: ``GridError`` when no grid fits.
  func quantize(
    _ weights: Matrix, scheme: Scheme, rule: GridRule, metric: ErrorMetric
  ) throws(GridError) -> QuantizedWeight {
    let found = try start.quantize(weights, scheme: scheme, rule: rule, metric: metric)
    // Where the grid was chosen inside the solve, the codes are not those of nearest plane.
    return cheapest(
      weights, on: found.grid, or: [found, start.round(weights, on: found.grid)])
  }

  /// The beam's codes, except in rows in which others on the same grid cost no more.
  ///
  /// - Complexity: 2·out·in² flops in `gemm`, as much again for each path until paths agree about the
  ///   columns visited long ago, and about 32·out·in·width multiply-adds besides.
  private func cheapest(
    _ weights: Matrix, on grid: Grid, or others: [QuantizedWeight]
  ) -> QuantizedWeight {
    let errors = others.map { $0.dequantized().difference(to: weights) }
    let (size, n) = (NearestPlane.panelRows, weights.columns)
    let panels = Threads.map((weights.rows + size - 1) / size) { panel in
      let rows = panel * size..<min(weights.rows, (panel + 1) * size)
      var best = BeamPanel(rows: rows, grid, start.factor, width: width, branches: branches)
        .solved(weights)
      for (other, errors) in zip(others, errors) {
        for (i, cost) in start.factor.costs(of: errors, rows).enumerated()
        where !(best.costs[i] < cost) {
          best.costs[i] = cost
          let first = (rows.lowerBound + i) * n
          best.codes.replaceSubrange(i * n..<(i + 1) * n, with: other.codes[first..<first + n])
        }
      }
      return best.codes
    }
    return QuantizedWeight(
      rows: weights.rows, columns: n, grid: grid, codes: panels.flatMap(\.self))
  }
}

extension DampedFactor {
  /// d (H + λI) dᵀ = Σ Dⱼ yⱼ², y = U d, for some rows d of a matrix.
  func costs(of errors: Matrix, _ rows: Range<Int>) -> [Float] {
    let residuals = residuals(of: lines(of: errors, rows, width: rows.count))
    var costs = [Float](repeating: 0, count: rows.count)
    for p in 0..<residuals.rows {
      let (pivot, line) = (Float(pivots[p]), residuals.row(p))
      for lane in costs.indices { costs[lane] += pivot * line[lane] * line[lane] }
    }
    return costs
  }
}
