// One set of codes for several widths: the upper 4 and 2 bits of 8-bit codes are codes as well (`CodeSlice.swift`).
// Matryoshka quantization (Nair and others 2025, arXiv 2502.06786, eq. 7) trains such codes for the sum of the losses of
// all widths. Here each width b has a nearest plane of its own,
//
//   t_j(b) = w_j + Σ_{k>j} (R_jk / R_jj)(w_k − ŵ_k(b))
//   c_j    = the code with the least  Σ_b λ_b (t_j(b) − ŵ(b, c))²
//
// so each column takes the code whose slices together leave least, and each width compensates for its own errors. Only
// the feedback differs between the widths: the factor is that of the one Hessian.

public import Hessian
internal import LinearAlgebra
public import Quantizer

/// Nearest plane for all widths of nested codes at once.
public struct MatryoshkaRounding: Rounding {
  /// What orders the columns and factors the Hessian.
  public let start: NearestPlaneRounding

  /// The order of what it starts from.
  public var order: ColumnOrder { start.order }

  /// A rounding with given options.
  public init(start: NearestPlaneRounding = NearestPlaneRounding()) { self.start = start }

  /// Factors the Hessian of the input.
  ///
  /// - Throws: ``SolverError`` without calibration statistics, when they cannot be factored, or for codes that have no
  ///   slices.
  /// - Complexity: n³/3 flops.
  public func prepared(
    for input: RoundingInput, _ scheme: Scheme
  ) throws(SolverError) -> any PreparedRounding {
    let widths = try widths(of: scheme)
    return Matryoshka(
      start: try start.plane(for: input, scheme, method: "matryoshka"), widths: widths)
  }

  /// Checks that codes have slices.
  public func check(_ scheme: Scheme) throws(SolverError) { _ = try widths(of: scheme) }

  private func widths(of scheme: Scheme) throws(SolverError) -> MatryoshkaWidths {
    guard let widths = MatryoshkaWidths(scheme) else { throw .noSlices(scheme) }
    return widths
  }
}

/// Nested codes with a given factor.
struct Matryoshka: PreparedRounding {
  let start: NearestPlane
  let widths: MatryoshkaWidths

  var conditioning: Conditioning? { start.conditioning }
  var pivots: [Float]? { start.pivots }

  /// Rounds panels of rows in parallel.
  ///
  /// - Complexity: out·in² flops in `gemm` for each width, and out·in·2^bits multiply-adds for each.
  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight {
    let size = NearestPlane.panelRows
    let panels = Threads.map((weights.rows + size - 1) / size) { panel in
      let rows = panel * size..<min(weights.rows, (panel + 1) * size)
      return MatryoshkaPanel(rows: rows, grid, start.factor, start.feedback, widths)
        .codes(of: weights)
    }
    return QuantizedWeight(
      rows: weights.rows, columns: weights.columns, grid: grid, codes: panels.flatMap(\.self))
  }

  /// The ranges whose errors, summed over the widths as those of the codes are, are least; then the codes.
  func quantize(
    _ weights: Matrix, scheme: Scheme, rule: GridRule, metric: ErrorMetric
  ) throws(GridError) -> QuantizedWeight {
    let groupSize = try rule.checkedGroupSize(for: weights, scheme)
    guard rule.range != .minMax, !scheme.sharesScalesAmongRows else {
      return round(weights, on: try rule.grid(for: weights, scheme: scheme, metric: metric))
    }
    let (groups, pivots) = (weights.columns / groupSize, pivots ?? [])
    let entries = Threads.map(weights.rows) { [widths] row in
      (0..<groups).map { group in
        let columns = group * groupSize..<(group + 1) * groupSize
        return widths.entry(
          for: weights.row(row).extracting(columns), importance: pivots.span.extracting(columns),
          rule)
      }
    }.flatMap(\.self)
    let grid = try rule.grid(of: entries, for: weights, groupSize, scheme)
    return round(weights, on: grid)
  }
}
