// GPTQ (Frantar et al. 2022, arXiv 2210.17323) as Babai's nearest plane (Chen et al. 2025,
// arXiv 2507.18553): back substitution with rounding.
//
//   P(H + λI)Pᵀ = RᵀR          R: n × n upper triangular; P: the visiting order, reversed
//   tⱼ = wⱼ + Σ_{k>j} (Rⱼₖ / Rⱼⱼ)(w_k − ŵ_k)        for j = n − 1 … 0
//   ŵⱼ = nearest point of the grid to tⱼ
//
// The rows of W are independent. The published loop keeps U, the upper factor of H⁻¹, and pushes
// each error into the columns still to come (eq. 2 and 3, algorithm 1). Here each column pulls in
// the errors already made, which needs neither the inverse nor a second factor and gives the same
// codes; papers-notes/gptq.md has the derivation.
//
// Goals, in order: the codes of the textbook (a test compares them); nearly all flops in `gemm`;
// no synchronization between threads.

public import Hessian
internal import LinearAlgebra
public import Quantizer

/// GPTQ's rounding: nearest plane along a visiting order, in the metric of the damped Hessian.
public struct NearestPlaneRounding: Rounding {
  /// The order in which columns are visited.
  public let order: ColumnOrder
  /// What is added to the diagonal of the Hessian.
  public let damping: Damping

  /// The rounding with given options.
  public init(order: ColumnOrder = .activation, damping: Damping = Damping()) {
    self.order = order
    self.damping = damping
  }

  /// Factors the Hessian of the input.
  ///
  /// - Throws: ``SolverError`` without calibration statistics or when they cannot be factored.
  /// - Complexity: n³/3 flops.
  public func prepared(
    for input: RoundingInput, _ scheme: Scheme
  ) throws(SolverError) -> any PreparedRounding { try plane(for: input, scheme, method: "gptq") }

  /// The prepared rounding, for a method that may do more.
  func plane(
    for input: RoundingInput, _ scheme: Scheme, method: String
  ) throws(SolverError) -> NearestPlane {
    let channels = input.calibration?.channels ?? 0
    // Where groups do not fill the rows, choosing the grid reports it.
    let groupSize = (try? scheme.groupSize(columns: channels)) ?? channels
    return NearestPlane(
      try input.factor(
        order, groupSize: groupSize, superBlock: scheme.superBlock, damping, for: method),
      on: input.engine)
  }
}

/// Nearest plane with a given factor.
struct NearestPlane: PreparedRounding {
  let factor: DampedFactor
  /// What the factor's rows multiply.
  let feedback: PlaneFeedback

  init(_ factor: DampedFactor, on engine: ProductEngine = .float32) {
    self.factor = factor
    feedback = PlaneFeedback(factor, on: engine)
  }

  var conditioning: Conditioning? { Conditioning(factor) }

  var pivots: [Float]? {
    var result = [Float](repeating: 0, count: factor.order.count)
    for (step, column) in factor.order.enumerated() {
      result[column] = Float(factor.pivots[factor.order.count - 1 - step])
    }
    return result
  }

  /// Rounds panels of rows in parallel; each thread has its own panel and single-threaded BLAS.
  ///
  /// - Complexity: out·in² flops, all but a fraction of about block/in of them in `gemm`.
  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight {
    let size = Self.panelRows
    let panels = Threads.map((weights.rows + size - 1) / size) { panel in
      let rows = panel * size..<min(weights.rows, (panel + 1) * size)
      return NearestPlanePanel(rows: rows, grid, factor, feedback).codes(of: weights)
    }
    return QuantizedWeight(
      rows: weights.rows, columns: weights.columns, grid: grid, codes: panels.flatMap(\.self))
  }

  /// Chooses grid and codes together where the rule asks for it and each group is visited as a whole.
  ///
  /// - Complexity: about 20·out·in·g multiply-adds for groups of g columns, besides the feedback.
  func quantize(
    _ weights: Matrix, scheme: Scheme, rule: GridRule, metric: ErrorMetric
  ) throws(GridError) -> QuantizedWeight {
    let groupSize = try rule.checkedGroupSize(for: weights, scheme)
    guard rule.range == .solve, !scheme.sharesScalesAmongRows, groupSize <= Self.largestGroup,
      factor.visitsGroups(of: groupSize), factor.visitsGroups(of: scheme.superBlock ?? groupSize)
    else { return round(weights, on: try rule.grid(for: weights, scheme: scheme, metric: metric)) }
    let size = Self.panelRows
    let panels = Threads.map((weights.rows + size - 1) / size) { panel in
      let rows = panel * size..<min(weights.rows, (panel + 1) * size)
      return GridSolvingPanel(
        rows: rows, groupSize: groupSize, rule.encoding, scheme, factor, feedback
      ).solved(weights)
    }
    let chosen = Grid(
      scheme: scheme, groupSize: groupSize,
      scales: Matrix(stacking: panels.map(\.scales)),
      offsets: Matrix(stacking: panels.map(\.offsets)))
    let grid = try rule.encoding.checked(chosen)
    // Where the scales of all groups are quantized together, they are no longer quite those that were chosen.
    guard grid.nestedScales == nil else { return round(weights, on: grid) }
    return QuantizedWeight(
      rows: weights.rows, columns: weights.columns, grid: grid, codes: panels.flatMap(\.codes))
  }

  /// The widest group whose grid is chosen inside the solve.
  static let largestGroup = 256

  /// Rows per panel: whole lanes, few enough that weights and errors stay in cache, and the same on
  /// every machine, so that the codes do not depend on the number of threads.
  static let panelRows = 96
}
