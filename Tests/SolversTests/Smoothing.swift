import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import Testing

/// Stages and recipes that SmoothQuant is tried on.
enum Smoothing {
  /// Linears that read the same inputs.
  static func stage(_ x: Matrix, _ weights: [Matrix], _ scaling: InputScaling) -> StageProblem {
    StageProblem(
      weights, input: CalibratedInput(calibration: InputStatistics(of: x)), scaling: scaling)
  }

  /// Eight bits by row, rounded to nearest.
  static func recipe(
    _ transform: any Transform, _ activations: ActivationScheme? = nil
  ) throws -> Recipe {
    Recipe(
      scheme: try Scheme(bits: 8, symmetric: true, granularity: .channel),
      gridRule: GridRule(range: .minMax, scaleFormat: .float32), rounding: NearestRounding(),
      transform: transform, activations: activations.map { ActivationRule($0) })
  }

  /// The factors of a fixed strength.
  static func factors(
    _ alpha: Float, _ x: Matrix, _ weights: Matrix..., scaling: InputScaling = InputScaling()
  ) throws -> [Float] {
    try #require(
      try recipe(SmoothQuant(.fixed(alpha))).solve(stage(x, weights, scaling)).factors)
  }

  /// Whether numbers agree up to rounding.
  static func agree(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * abs($1) }
  }
}
