import LinearAlgebra
import TestSupport
import Testing

/// A positive definite matrix: G·Gᵀ/n + I/10 of Gaussian G.
private func positiveDefinite(order n: Int, seed: UInt64) -> DoubleMatrix {
  let g = DoubleMatrix(Matrix.gaussian(n, n, seed: seed))
  let product = g * g.transposed
  return DoubleMatrix(rows: n, columns: n) { product[$0, $1] / Double(n) + ($0 == $1 ? 0.1 : 0) }
}

@Suite struct `The Cholesky factor` {
  @Test(arguments: [1, 2, 15, 16, 17, 33, 64, 129], [1 as UInt64, 2])
  func `reproduces the matrix`(order n: Int, seed: UInt64) throws {
    let matrix = positiveDefinite(order: n, seed: seed)
    let factor = try CholeskyFactor(order: n, upper: matrix.elements)
    let upper = DoubleMatrix(rows: n, columns: n) { $0 <= $1 ? factor.elements[$0 * n + $1] : 0 }
    let residual = (upper.transposed * upper - matrix).norm
    #expect(residual / (Double(n) * matrix.norm * Double.ulpOfOne) <= 30)
    #expect((0..<n).allSatisfy { upper[$0, $0] > 0 })
  }

  @Test(arguments: [1, 2, 17, 64])
  func `does not depend on the lower triangle of the input`(order n: Int) throws {
    let matrix = positiveDefinite(order: n, seed: 3)
    var spoilt = matrix
    for i in 0..<n {
      for j in 0..<i { spoilt[i, j] = 1e9 }
    }
    let clean = try CholeskyFactor(order: n, upper: matrix.elements)
    let other = try CholeskyFactor(order: n, upper: spoilt.elements)
    for i in 0..<n {
      #expect(clean.elements[i * n + i..<(i + 1) * n] == other.elements[i * n + i..<(i + 1) * n])
    }
  }

  @Test(arguments: [0, 1, 15, 16, 40])
  func `fails at the first leading minor that is not positive`(pivot: Int) {
    let n = 41
    var matrix = positiveDefinite(order: n, seed: 4)
    matrix[pivot, pivot] = -1
    #expect(throws: CholeskyFailure.notPositiveDefinite(pivot: pivot)) {
      try CholeskyFactor(order: n, upper: matrix.elements)
    }
  }

  @Test func `of a matrix of rank r fails at a pivot of at least r`() {
    let n = 8
    // With small integers the elimination is exact, and the fourth pivot is exactly zero.
    let x = DoubleMatrix(rows: 3, columns: n) { Double($0 == $1 ? 4 : ($0 + 2 * $1) % 3) }
    let matrix = x.transposed * x
    #expect {
      try CholeskyFactor(order: n, upper: matrix.elements)
    } throws: { error in
      guard case .notPositiveDefinite(let pivot) = error as? CholeskyFailure else { return false }
      return pivot >= 3
    }
  }

  @Test(arguments: [(0, 0), (2, 5), (6, 6)])
  func `fails for a NaN anywhere in the triangle`(row: Int, column: Int) {
    var matrix = positiveDefinite(order: 7, seed: 5)
    matrix[row, column] = .nan
    #expect(throws: CholeskyFailure.notFinite) {
      try CholeskyFactor(order: 7, upper: matrix.elements)
    }
  }
}
