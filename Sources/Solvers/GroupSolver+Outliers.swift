internal import Hessian
internal import LinearAlgebra
internal import Quantizer

extension GroupSolver {
  /// The input channels that a recipe keeps in floating point.
  static func keptChannels(
    _ recipe: Recipe, _ statistics: InputStatistics?
  ) throws(SolverError) -> [Int] {
    guard let rule = recipe.outliers else { return [] }
    return rule.channels(try statistics.ranges(for: "outliers").maxMagnitudes)
  }

  /// What keeping channels gained over the same solve without it.
  func outlierReport(
    _ target: Matrix, _ linear: QuantizedLinear
  ) throws(SolverError) -> OutlierReport? {
    guard recipe.outliers != nil else { return nil }
    guard let plainRounding, let kept = linear.kept?.channels else {
      return OutlierReport(channels: 0, shareOfChannels: 0, shareOfError: 0)
    }
    let without = try plainRounding.quantized(target, keeping: target)
    return OutlierReport(
      channels: kept.count,
      shareOfChannels: Double(kept.count) / Double(max(1, target.columns)),
      shareOfError: 1 - ratio(outputError(target, linear), outputError(target, without)))
  }

  /// ‖Q(x) Ŵᵀ − x Wᵀ‖² on the sampled inputs.
  private func outputError(_ target: Matrix, _ linear: QuantizedLinear) -> Double {
    guard let sampled else { return 0 }
    let inputs = (factors.map { sampled.divided(by: $0) } ?? sampled).rows
    let rounded =
      linear.activations?.rounded(inputs, keeping: linear.kept?.channels ?? []) ?? inputs
    return Matrix.product(inputs, transposed: target)
      .difference(to: Matrix.product(rounded, transposed: linear.dequantized())).sumOfSquares
  }
}

extension RoundingInput {
  /// The input without the kept channels: they enter no range, and no other column compensates for
  /// them.
  func removing(_ kept: [Int]) -> RoundingInput {
    RoundingInput(
      CalibratedInput(
        calibration: calibration?.removing(channels: kept), heldOut: heldOut, engine: engine))
  }
}
