// Coordinate descent (QuantEase, Behdin and others 2023, arXiv 2309.01885; CDQuant 2024, arXiv
// 2406.17542) from GPTQ's codes, with the scales among the coordinates.
//
//   G = (W − Ŵ)(H + λI)          [out, in], kept up to date
//   ŵⱼ ← nearest point to ŵⱼ + Gⱼ / (Hⱼⱼ + λ)                       one code given all others
//   s  ← s (1 + ε),  ε = Σ G d / (d H_gg d),  d = ŵ − o              one scale given all others,
//                                                                   with o where that can move
//
// In every second of three sweeps a group is one coordinate, whose grid and codes are chosen anew
// (`DescentState+Groups.swift`), where the rule lets the solve choose grids.
//
// Each step is the best for its coordinate and is taken only if it lowers the error once it is rounded
// to what can be stored, so the error never rises. Nearest plane is where to start: from round to
// nearest, descent ends above it.

public import Hessian
internal import LinearAlgebra
public import Quantizer

/// GPTQ followed by coordinate descent on codes and scales.
public struct CoordinateDescentRounding: Rounding {
  /// What the descent starts from.
  public let start: NearestPlaneRounding
  /// How many times every coordinate is visited.
  public let sweeps: Int

  /// The order of what it starts from.
  public var order: ColumnOrder { start.order }

  /// A rounding with given options.
  public init(start: NearestPlaneRounding = NearestPlaneRounding(), sweeps: Int = 9) {
    self.start = start
    self.sweeps = sweeps
  }

  /// Factors the Hessian of the input, and keeps it.
  ///
  /// - Throws: ``SolverError`` without calibration statistics or when they cannot be factored.
  /// - Complexity: n³/3 flops.
  public func prepared(
    for input: RoundingInput, _ scheme: Scheme
  ) throws(SolverError) -> any PreparedRounding {
    let start = try start.plane(for: input, scheme, method: "cd")
    guard let calibration = input.calibration else { throw .calibrationNeeded(method: "cd") }
    return CoordinateDescent(
      start: start, hessian: calibration.damped(by: start.factor), sweeps: sweeps)
  }
}

/// Descent in the metric of one input.
struct CoordinateDescent: PreparedRounding {
  let start: NearestPlane
  /// H + λI, `[n, n]`.
  let hessian: Matrix
  let sweeps: Int

  var conditioning: Conditioning? { start.conditioning }
  var pivots: [Float]? { start.pivots }

  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight {
    descend(from: start.round(weights, on: grid), weights, encoding: nil)
  }

  func quantize(
    _ weights: Matrix, scheme: Scheme, rule: GridRule, metric: ErrorMetric
  ) throws(GridError) -> QuantizedWeight {
    let found = try start.quantize(weights, scheme: scheme, rule: rule, metric: metric)
    // No scale that has something in common with others can move alone.
    let isFixed =
      scheme.sharesScalesAmongRows || scheme.superBlock != nil || found.grid.nestedScales != nil
    let solvesGroups =
      rule.range == .solve && found.grid.groupSize <= NearestPlane.largestGroup
    return descend(
      from: found, weights, encoding: isFixed ? nil : rule.encoding,
      solvingGroups: solvesGroups && !isFixed)
  }

  /// Improves codes, and the grid too where an encoding is given.
  ///
  /// - Complexity: 2·out·in² flops for each sweep, and once more to begin with; about 25·out·in·g multiply-adds where
  ///   groups of g columns are solved.
  private func descend(
    from found: QuantizedWeight, _ weights: Matrix, encoding: (any GridEncoding)?,
    solvingGroups: Bool = false
  ) -> QuantizedWeight {
    let size = NearestPlane.panelRows
    let factors =
      solvingGroups
      ? Threads.map(found.grid.groups) { group in
        GroupFactor(hessian, found.grid.columns(ofGroup: group, width: weights.columns))
      } : []
    let panels = Threads.map((weights.rows + size - 1) / size) { panel in
      let rows = panel * size..<min(weights.rows, (panel + 1) * size)
      return DescentPanel(rows: rows, hessian, encoding, factors, sweeps: sweeps)
        .improved(found, weights)
    }
    let grid =
      encoding == nil
      ? found.grid
      : Grid(
        scheme: found.grid.scheme, groupSize: found.grid.groupSize,
        scales: Matrix(stacking: panels.map(\.scales)),
        offsets: Matrix(stacking: panels.map(\.offsets)))
    return QuantizedWeight(
      rows: found.rows, columns: found.columns, grid: grid, codes: panels.flatMap(\.codes))
  }
}
