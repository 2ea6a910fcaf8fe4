// Products of factors rounded to bfloat16, beside exact products of the same factors in double precision.

import LinearAlgebra
import TestSupport
import Testing

private let sides = [1, 2, 15, 16, 17, 33, 64, 129]

extension ProductEngine {
  fileprivate static var hasBFloat16: Bool { bfloat16.problem == nil }
}

extension Matrix {
  /// Every element rounded to bfloat16 as the textbook does it.
  fileprivate var rounded: Matrix {
    Matrix(rows: rows, columns: columns) { FloatFormat.bfloat16.rounded(self[$0, $1]) }
  }
}

extension Matrix {
  /// A copy of a rectangle.
  fileprivate func part(_ rows: Range<Int>, _ columns: Range<Int>) -> Matrix {
    Matrix(rows: rows.count, columns: columns.count) {
      self[rows.lowerBound + $0, columns.lowerBound + $1]
    }
  }
}

/// The largest of `|c − ab| / (unit·|a||b|)` over all elements.
private func residual(_ c: Matrix, _ a: DoubleMatrix, _ b: DoubleMatrix, _ unit: Double) -> Double {
  let (exact, sizes) = (a * b, a.magnitudes * b.magnitudes)
  return c.elements.indices.map {
    abs(Double(c.elements[$0]) - exact.elements[$0]) / (unit * sizes.elements[$0])
  }.max() ?? 0
}

/// What sums of k products in float32 may lose.
private func sumUnit(_ k: Int) -> Double { Double(k + 2) * Double(Float.ulpOfOne) }

@Suite(.enabled(if: ProductEngine.hasBFloat16)) struct `Products in bfloat16` {
  @Test(arguments: sides, sides)
  func `round their factors to nearest, and nothing else`(tokens: Int, outputs: Int) {
    for (seed, k) in sides.enumerated() {
      let x = Matrix.gaussian(tokens, k, seed: UInt64(seed))
      let w = Matrix.gaussian(outputs, k, seed: UInt64(seed) + 100)
      let y = ProductFactor(w, on: .bfloat16).product(x)
      let (left, right) = (DoubleMatrix(x.rounded), DoubleMatrix(w.rounded).transposed)
      #expect(residual(y, left, right, sumUnit(k)) <= 1, "k = \(k)")
    }
  }

  @Test(arguments: [false, true])
  func `are within the bound that is stated`(hasRoundedWeights: Bool) {
    let u = 0x1p-8
    for k in [1, 16, 100, 600] {
      let x = Matrix.heavyTailed(300, k, scale: 3, seed: 1)
      let dense = Matrix.heavyTailed(40, k, scale: 0.02, seed: 2)
      let w = hasRoundedWeights ? dense.rounded : dense
      let y = ProductFactor(w, on: .bfloat16).product(x)
      let unit = (hasRoundedWeights ? u : 2 * u + u * u) + sumUnit(k)
      let found = residual(y, .init(x), DoubleMatrix(w).transposed, unit)
      // A single product comes near to it, or the test would let float32 pass.
      #expect(found <= 1 && (k > 1 || found > 0.5), "k = \(k): \(found)")
    }
  }

  @Test func `pass on what is not finite`() {
    var x = Matrix.gaussian(3, 20, seed: 1)
    x[0, 7] = .nan
    x[1, 19] = .infinity
    let w = Matrix(rows: 18, columns: 20) { Float($0 + $1 + 1) }
    let y = ProductFactor(w, on: .bfloat16).product(x)
    for j in 0..<18 {
      #expect(y[0, j].isNaN && y[1, j] == .infinity && y[2, j].isFinite)
    }
  }

  @Test(arguments: sides, sides)
  func `add a second moment to the upper triangle only`(tokens: Int, channels: Int) {
    let x = Matrix.gaussian(tokens, channels, seed: 9)
    var moment = Matrix(rows: channels, columns: channels)
    moment.addSecondMoment(of: x, on: .bfloat16)
    moment.addSecondMoment(of: x, on: .bfloat16)
    let rows = DoubleMatrix(x.rounded)
    let (once, sizes) = (rows.transposed * rows, rows.transposed.magnitudes * rows.magnitudes)
    for i in 0..<channels {
      for j in 0..<channels {
        if j < i {
          #expect(moment[i, j] == 0, "the lower triangle was written")
        } else {
          #expect(
            abs(Double(moment[i, j]) - 2 * once[i, j]) <= 2 * sumUnit(tokens + 1) * sizes[i, j])
        }
      }
    }
  }

  @Test(arguments: [(5, 3), (130, 17), (17, 260)])
  func `add a transposed product`(m: Int, n: Int) {
    let (a, b) = (Matrix.gaussian(70, m, seed: 1), Matrix.gaussian(70, n, seed: 2))
    var c = Matrix(rows: m, columns: n)
    c.addProduct(ofTransposed: a, b, on: .bfloat16)
    let (left, right) = (DoubleMatrix(a.rounded).transposed, DoubleMatrix(b.rounded))
    #expect(residual(c, left, right, sumUnit(70)) <= 1)
  }

  @Test(arguments: [(1, 1, 1), (7, 33, 20), (128, 300, 64), (64, 17, 130)])
  func `multiply parts of matrices`(m: Int, n: Int, k: Int) {
    // Every part lies inside of its matrix, with other numbers on all sides.
    let (a, b) = (Matrix.gaussian(m + 5, k + 9, seed: 1), Matrix.gaussian(n + 7, k + 11, seed: 2))
    let (rows, columns) = (3..<3 + m, 4..<4 + k)
    let (others, otherColumns) = (2..<2 + n, 6..<6 + k)
    var scores = Matrix(rows: m, columns: n)
    var view = scores.mutableView
    let right = EngineMatrix(b, on: .bfloat16).part(rows: others, columns: otherColumns)
    EngineMatrix(a, on: .bfloat16).part(rows: rows, columns: columns)
      .multiply(right.transposed, into: &view)
    let left = DoubleMatrix(a.rounded.part(rows, columns))
    let exact = DoubleMatrix(b.rounded.part(others, otherColumns))
    #expect(residual(scores, left, exact.transposed, sumUnit(k)) <= 1)

    let c = Matrix.gaussian(m, n, seed: 3)
    var context = Matrix(rows: m, columns: k)
    view = context.mutableView
    EngineMatrix(c, on: .bfloat16).part().multiply(right, into: &view)
    #expect(residual(context, DoubleMatrix(c.rounded), exact, sumUnit(n)) <= 1)
  }

  @Test func `have the same bytes inside and outside of a loop`() {
    let x = Matrix.gaussian(700, 96, seed: 1)
    let w = ProductFactor(Matrix.gaussian(80, 96, seed: 2), on: .bfloat16)
    @Sendable func moment() -> Matrix {
      var result = Matrix(rows: 96, columns: 96)
      result.addSecondMoment(of: x, on: .bfloat16)
      return result
    }
    let (product, sum) = (w.product(x), moment())
    #expect(Threads.map(4) { _ in w.product(x) } == [Matrix](repeating: product, count: 4))
    #expect(Threads.map(4) { _ in moment() } == [Matrix](repeating: sum, count: 4))
  }
}

@Suite struct `Engines of products` {
  @Test func `say what is missing, or what computes`() {
    #expect(ProductEngine.float32.problem == nil && ProductEngine.float32.library == nil)
    let engine = ProductEngine.bfloat16
    #expect((engine.problem == nil) == (engine.library?.hasPrefix("oneDNN ") == true))
  }
}
