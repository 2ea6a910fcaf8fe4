// Rounding learned by the signs of gradients (SignRound, Cheng and others 2023, arXiv 2309.05516),
// Linear by Linear in the metric of its Hessian, from GPTQ's codes.
//
//   L = tr(Δ (H + λI) Δᵀ),   Δ = Ŵ − W,   ∂L/∂Ŵ = 2 Δ (H + λI)
//   ŵ = the point of code clamp(round(u + V)),   V in [−½, ½]
//   u = q + r: q the code of the start, r how far nearest plane's target is from it, in steps
//   Vⱼ ← Vⱼ + η or Vⱼ − η against the sign of the gradient, with rounding taken for the identity
//
// The published method moves every weight in every step. In this metric that undoes what columns do
// for each other, so here a weight moves only while its next code, alone, would lower L.
// papers-notes/signround.md has what that is worth.

public import Hessian
internal import LinearAlgebra
public import Quantizer

/// GPTQ followed by steps along the signs of the gradient.
public struct SignGradientRounding: Rounding {
  /// What gives the grid, and the codes to begin with.
  public let start: NearestPlaneRounding
  /// The number of steps; the first has the size 1/iterations, and they fall to zero.
  public let iterations: Int

  /// The order of what it starts from.
  public var order: ColumnOrder { start.order }

  /// A rounding with given options.
  ///
  /// - Precondition: `iterations` is not negative.
  public init(start: NearestPlaneRounding = NearestPlaneRounding(), iterations: Int = 100) {
    precondition(iterations >= 0, "\(iterations) iterations")
    self.start = start
    self.iterations = iterations
  }

  /// Factors the Hessian of the input, and keeps it.
  ///
  /// - Throws: ``SolverError`` without calibration statistics or when they cannot be factored.
  /// - Complexity: n³/3 flops.
  public func prepared(
    for input: RoundingInput, _ scheme: Scheme
  ) throws(SolverError) -> any PreparedRounding {
    let start = try start.plane(for: input, scheme, method: "signround")
    guard let calibration = input.calibration else {
      throw .calibrationNeeded(method: "signround")
    }
    return SignGradient(
      start: start, hessian: calibration.damped(by: start.factor), iterations: iterations)
  }
}

/// Sign steps in the metric of one input.
struct SignGradient: PreparedRounding {
  let start: NearestPlane
  /// H + λI, `[n, n]`.
  let hessian: Matrix
  let iterations: Int

  var conditioning: Conditioning? { start.conditioning }
  var pivots: [Float]? { start.pivots }

  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight {
    learned(from: start.round(weights, on: grid), weights)
  }

  func quantize(
    _ weights: Matrix, scheme: Scheme, rule: GridRule, metric: ErrorMetric
  ) throws(GridError) -> QuantizedWeight {
    learned(from: try start.quantize(weights, scheme: scheme, rule: rule, metric: metric), weights)
  }

  /// Learns panels of rows in parallel.
  ///
  /// - Complexity: 2·out·in² flops for each iteration, in `gemm`.
  private func learned(from found: QuantizedWeight, _ weights: Matrix) -> QuantizedWeight {
    let size = NearestPlane.panelRows
    let panels = Threads.map((weights.rows + size - 1) / size) { panel in
      let rows = panel * size..<min(weights.rows, (panel + 1) * size)
      return SignGradientPanel(rows: rows, hessian, start.factor, iterations: iterations)
        .codes(from: found, weights)
    }
    return QuantizedWeight(
      rows: weights.rows, columns: weights.columns, grid: found.grid,
      codes: panels.flatMap(\.self))
  }
}
