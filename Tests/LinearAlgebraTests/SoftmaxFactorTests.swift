import Foundation
import LinearAlgebra
import TestSupport
import Testing

private let engines = ProductEngine.allCases.filter { $0.problem == nil }

/// softmax(s)·b in double precision, where row i sees some columns.
private func expected(_ scores: Matrix, _ visible: [Range<Int>], _ b: Matrix) -> DoubleMatrix {
  let weights = DoubleMatrix(rows: scores.rows, columns: scores.columns) { i, j in
    guard visible[i].contains(j) else { return 0 }
    let sum = visible[i].reduce(0.0) { $0 + exp(Double(scores[i, $1]) - Double(scores[i, j])) }
    return 1 / sum
  }
  return weights * DoubleMatrix(b)
}

private func product(
  _ factor: inout SoftmaxFactor, _ scores: Matrix, _ visible: [Range<Int>], _ b: Matrix,
  _ engine: ProductEngine
) -> Matrix {
  for (i, columns) in visible.enumerated() {
    var row = factor.mutableScores(i)
    for j in row.indices { row[j] = scores[i, j] }
    factor.exponentiate(i, columns)
  }
  var result = Matrix(rows: scores.rows, columns: b.columns)
  var view = result.mutableView
  factor.multiply(EngineMatrix(b, on: engine).part(), into: &view)
  return result
}

@Suite struct `A factor of softmaxes` {
  @Test(arguments: engines, [1, 7, 16, 40])
  func `multiplies as softmaxes do, one set of scores after the other`(
    engine: ProductEngine, columns: Int
  ) {
    let (rows, b) = (5, Matrix.gaussian(columns, 6, seed: 1))
    // Windows that begin and end anywhere.
    let visible = (0..<rows).map { min($0 / 2, columns - 1)..<max(1, columns - $0 % 3) }
      .map { $0.lowerBound..<max($0.lowerBound + 1, $0.upperBound) }
    var factor = SoftmaxFactor(rows: rows, columns: columns, on: engine)
    for seed: UInt64 in [2, 3] {
      let scores = Matrix.gaussian(rows, columns, scale: 3, seed: seed)
      let found = product(&factor, scores, visible, b, engine)
      let exact = expected(scores, visible, b)
      let tolerance = engine == .float32 ? 1e-5 : 0.03
      for i in 0..<rows {
        for j in 0..<6 { #expect(abs(Double(found[i, j]) - exact[i, j]) < tolerance) }
      }
    }
  }

  @Test(arguments: engines)
  func `leaves a lone score all the weight, however far below the others are`(
    engine: ProductEngine
  ) {
    let scores = Matrix(rows: 1, columns: 20) { $1 == 11 ? 80 : $1 == 3 ? -.infinity : -200 }
    var factor = SoftmaxFactor(rows: 1, columns: 20, on: engine)
    let b = Matrix(rows: 20, columns: 1) { i, _ in i == 11 ? 0.5 : 1 }
    #expect(product(&factor, scores, [0..<20], b, engine)[0, 0] == 0.5)
  }

  @Test(arguments: engines)
  func `keeps what is no number`(engine: ProductEngine) {
    let b = Matrix(rows: 20, columns: 1) { _, _ in 1 }
    for value in [Float.nan, .infinity] {
      let scores = Matrix(rows: 2, columns: 20) { $0 == 0 && $1 == 17 ? value : 0 }
      var factor = SoftmaxFactor(rows: 2, columns: 20, on: engine)
      let found = product(&factor, scores, [0..<20, 0..<20], b, engine)
      #expect(found[0, 0].isNaN && abs(found[1, 0] - 1) < 0.01)
    }
  }
}
