internal import LinearAlgebra
internal import Pipeline
internal import Quantizer
internal import Solvers

extension LinearComparison {
  /// What a recipe did to a Linear.
  ///
  /// - Parameters:
  ///   - linear: the Linear and its solution.
  ///   - block: the decoder block; nil for a Linear outside a model.
  ///   - settings: what was asked for, including the format, which decides what is stored.
  ///   - recipe: the recipe made from the settings.
  init(
    _ linear: ComparedLinear, block: Int?, _ settings: QuantizationSettings, _ recipe: Recipe
  ) {
    let (solution, weight) = (linear.solution, linear.problem.weights)
    let energy = (0..<weight.rows).reduce(0.0) {
      $0 + Double(VectorMath.dot(weight.row($1), weight.row($1)))
    }
    self.init(
      name: solution.name, layer: block, rows: weight.rows, columns: weight.columns,
      error: solution.error,
      weightMSE: solution.error.weight * energy / Double(max(1, weight.elements.count)),
      clippedShare: solution.clippedShare,
      bitsPerWeight: settings.bitsPerWeight(of: solution, scales: recipe.gridRule.scaleFormat),
      seconds: linear.seconds, inputScales: linear.factors, outliers: solution.outliers,
      expertTokens: linear.expert == nil ? nil : solution.tokens, gap: solution.gap)
  }
}
