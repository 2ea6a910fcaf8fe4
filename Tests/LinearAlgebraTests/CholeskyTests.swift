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
  @Test(arguments: [1, 2, 15, 16, 17, 33, 64, 129, 256, 257, 400, 650], [1 as UInt64, 2])
  func `reproduces the matrix`(order n: Int, seed: UInt64) throws {
    let matrix = positiveDefinite(order: n, seed: seed)
    let factor = try CholeskyFactor(order: n, upper: matrix.elements)
    let upper = DoubleMatrix(rows: n, columns: n) { $0 <= $1 ? factor.elements[$0 * n + $1] : 0 }
    let residual = (upper.transposed * upper - matrix).norm
    #expect(residual / (Double(n) * matrix.norm * Double.ulpOfOne) <= 30)
    #expect((0..<n).allSatisfy { upper[$0, $0] > 0 })
  }

  @Test(arguments: [1, 2, 17, 64, 300])
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

  @Test(arguments: [
    (41, 0), (41, 1), (41, 15), (41, 16), (41, 40), (600, 255), (600, 256), (600, 599),
  ])
  func `fails at the first leading minor that is not positive`(order n: Int, pivot: Int) {
    var matrix = positiveDefinite(order: n, seed: 4)
    matrix[pivot, pivot] = -1
    #expect(throws: CholeskyFailure.notPositiveDefinite(pivot: pivot)) {
      try CholeskyFactor(order: n, upper: matrix.elements)
    }
  }

  @Test func `does not depend on the number of threads`() throws {
    let n = 700
    let matrix = positiveDefinite(order: n, seed: 6)
    let before = Threads.count
    defer { Threads.setCount(before) }
    let factors = try [1, 3].map { threads in
      Threads.setCount(threads)
      return try CholeskyFactor(order: n, upper: matrix.elements).elements
    }
    for i in 0..<n {
      let row = i * n + i..<(i + 1) * n
      #expect(factors[0][row] == factors[1][row])
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

  @Test(arguments: [
    (7, 0, 0), (7, 2, 5), (7, 6, 6), (600, 3, 590), (600, 300, 310), (600, 599, 599),
  ])
  func `fails for a NaN anywhere in the triangle`(order n: Int, row: Int, column: Int) {
    var matrix = positiveDefinite(order: n, seed: 5)
    matrix[row, column] = .nan
    #expect(throws: CholeskyFailure.notFinite) {
      try CholeskyFactor(order: n, upper: matrix.elements)
    }
  }
}
