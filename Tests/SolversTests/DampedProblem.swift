import Hessian
import LinearAlgebra
import Quantizer
import TestSupport

@testable import Solvers

/// A matrix and its input, with the error of solutions in the damped metric.
struct DampedProblem {
  let weights: Matrix
  let input: CalibratedInput
  let plane: NearestPlane
  let hessian: DoubleMatrix

  init(_ scheme: Scheme, rows: Int = 40, columns: Int = 96, seed: UInt64 = 1) throws {
    let x = Matrix.activations(tokens: 400, channels: columns, seed: seed)
    weights = .heavyTailed(rows, columns, scale: 0.02, seed: seed + 1)
    input = CalibratedInput(calibration: InputStatistics(of: x))
    plane = try NearestPlaneRounding(order: .groupAware).plane(
      for: RoundingInput(input), scheme, method: "gptq")
    let moment = DoubleMatrix.secondMoment(of: x)
    hessian = moment.addingToDiagonal(plane.factor.damping * moment.trace / Double(columns))
  }

  /// d (H + λI) dᵀ of each row.
  func errors(_ found: QuantizedWeight) -> [Double] {
    let d = DoubleMatrix(found.dequantized()) - DoubleMatrix(weights)
    let product = d * hessian
    return (0..<d.rows).map { i in
      (0..<d.columns).reduce(0) { $0 + product[i, $1] * d[i, $1] }
    }
  }

  func solved(_ range: GridRule.Range, _ scheme: Scheme) throws -> QuantizedWeight {
    try plane.quantize(
      weights, scheme: scheme, rule: GridRule(range: range, scaleFormat: .float16), metric: .plain)
  }
}
