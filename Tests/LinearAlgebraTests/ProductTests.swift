import LinearAlgebra
import TestSupport
import Testing

/// Sides at which kernels take different paths: one lane, a whole vector, one more, a block.
private let sides = [1, 2, 15, 16, 17, 33, 64, 129]

/// The largest of `|c − ab| / ((k + 2)·ε·|a||b|)` over all elements.
///
/// Whatever the order of additions, each element of a product of inner length k is rounded at most
/// k + 1 times, so the ratio is at most 1.
private func residual(_ c: Matrix, _ a: DoubleMatrix, _ b: DoubleMatrix) -> Double {
  let (exact, sizes) = (a * b, a.magnitudes * b.magnitudes)
  let unit = Double(a.columns + 2) * Double(Float.ulpOfOne)
  return c.elements.indices.map {
    abs(Double(c.elements[$0]) - exact.elements[$0]) / (unit * sizes.elements[$0])
  }.max() ?? 0
}

@Suite struct `Matrix products` {
  @Test(arguments: sides, sides)
  func `are within their rounding bound`(m: Int, n: Int) {
    for (seed, k) in sides.enumerated() {
      let a = Matrix.gaussian(m, k, seed: UInt64(seed))
      let b = Matrix.gaussian(k, n, seed: UInt64(seed) + 100)
      #expect(residual(BLAS.product(a.view, b.view), .init(a), .init(b)) <= 1, "k = \(k)")
    }
  }

  @Test(arguments: sides, sides)
  func `treat a transposed view like the transposed matrix`(m: Int, n: Int) {
    for k in [1, 16, 33] {
      let a = Matrix.gaussian(k, m, seed: 1)
      let b = Matrix.gaussian(n, k, seed: 2)
      let (exactA, exactB) = (DoubleMatrix(a).transposed, DoubleMatrix(b).transposed)
      let both = BLAS.product(a.view.transposed, b.view.transposed)
      #expect(residual(both, exactA, exactB) <= 1)
      let left = BLAS.product(a.view.transposed, b.transposed.view)
      #expect(residual(left, exactA, exactB) <= 1)
      let right = BLAS.product(a.transposed.view, b.view.transposed)
      #expect(residual(right, exactA, exactB) <= 1)
      #expect(a.view.transposed.transposed.rows == k)
    }
  }

  @Test func `can be taken of rectangles in place, without touching the rest`() {
    let a = Matrix.gaussian(40, 50, seed: 3)
    let b = Matrix.gaussian(60, 30, seed: 4)
    let before = Matrix.gaussian(35, 45, seed: 5)
    var c = before
    var part = c.mutableView(rows: 2..<19, columns: 5..<22)
    BLAS.gemm(
      2, a.view(rows: 3..<20, columns: 7..<40), b.view(rows: 11..<44, columns: 1..<18), -0.5,
      into: &part)
    for i in 0..<c.rows {
      for j in 0..<c.columns {
        guard (2..<19).contains(i), (5..<22).contains(j) else {
          #expect(c[i, j] == before[i, j])
          continue
        }
        let products = (0..<33).map { Double(a[i + 1, 7 + $0]) * Double(b[11 + $0, j - 4]) }
        let exact = 2 * products.reduce(0, +) - 0.5 * Double(before[i, j])
        let size = 2 * products.reduce(0) { $0 + abs($1) } + 0.5 * Double(abs(before[i, j]))
        #expect(abs(Double(c[i, j]) - exact) <= 36 * Double(Float.ulpOfOne) * size)
      }
    }
  }

  @Test func `of inner length zero are zero, or leave what was there`() {
    let (a, b) = (Matrix.gaussian(3, 8, seed: 6), Matrix.gaussian(8, 5, seed: 7))
    let before = Matrix.gaussian(3, 5, seed: 8)
    var c = before
    var view = c.mutableView
    BLAS.gemm(
      1, a.view(rows: 0..<3, columns: 8..<8), b.view(rows: 8..<8, columns: 0..<5), 1, into: &view)
    #expect(c == before)
    #expect(BLAS.product(a.view(rows: 0..<0, columns: 0..<8), b.view).rows == 0)
  }

  @Test(arguments: sides, sides)
  func `add a second moment to the upper triangle only`(tokens: Int, channels: Int) {
    let x = Matrix.gaussian(tokens, channels, seed: 9)
    var moment = Matrix(rows: channels, columns: channels)
    for i in 0..<channels {
      for j in 0..<i { moment[i, j] = 7 }
    }
    moment.addSecondMoment(of: x)
    moment.addSecondMoment(of: x)
    let rows = DoubleMatrix(x)
    let (once, sizes) = (rows.transposed * rows, rows.transposed.magnitudes * rows.magnitudes)
    let exact = DoubleMatrix(rows: once.rows, columns: once.columns) { 2 * once[$0, $1] }
    let unit = 2 * Double(tokens + 3) * Double(Float.ulpOfOne)
    for i in 0..<channels {
      for j in 0..<channels {
        if j < i {
          #expect(moment[i, j] == 7, "the lower triangle was written")
        } else {
          #expect(abs(Double(moment[i, j]) - exact[i, j]) <= unit * sizes[i, j])
        }
      }
    }
  }

  @Test(arguments: [1, 64, 128, 129, 300], ProductEngine.allCases.filter { $0.problem == nil })
  func `give blocks of a second moment that are those of the whole`(n: Int, engine: ProductEngine) {
    let x = Matrix.gaussian(33, n, seed: 8)
    var whole = Matrix(rows: n, columns: n)
    whole.addSecondMoment(of: x, on: engine)
    let blocks = x.secondMomentBlocks(on: engine) { rows, block in (rows, block) }
    #expect(blocks.flatMap { Array($0.0) } == Array(0..<n))
    for (rows, block) in blocks {
      #expect(block.columns == n - rows.lowerBound)
      for i in rows {
        for j in i..<n { #expect(block[i - rows.lowerBound, j - rows.lowerBound] == whole[i, j]) }
      }
    }
  }
}
