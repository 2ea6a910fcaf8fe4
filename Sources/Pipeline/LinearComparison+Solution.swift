internal import LinearAlgebra
internal import Quantizer
internal import Solvers

extension LinearComparison {
  /// What a recipe did to a Linear.
  ///
  /// - Parameters:
  ///   - linear: the Linear and its solution.
  ///   - layer: the decoder block; nil for a Linear that stands alone.
  ///   - settings: the recipe, and the format that says what is stored.
  ///   - scales: the format of the scales.
  init(
    _ linear: ComparedLinear, layer: Int?, _ settings: QuantizationSettings, _ scales: FloatFormat
  ) {
    let (solution, weight) = (linear.solution, linear.problem.weights)
    let energy = (0..<weight.rows).reduce(0.0) {
      $0 + Double(VectorMath.dot(weight.row($1), weight.row($1)))
    }
    self.init(
      name: solution.name, layer: layer, rows: weight.rows, columns: weight.columns,
      error: solution.error,
      weightMSE: solution.error.weight * energy / Double(max(1, weight.elements.count)),
      clippedShare: solution.clippedShare,
      bitsPerWeight: settings.bitsPerWeight(of: solution, scales: scales),
      seconds: linear.seconds, inputScales: linear.factors, outliers: solution.outliers)
  }
}
