// Second moments xᵀx, of which only the upper triangle is computed. A block of its rows is a triangle on the diagonal and
// a rectangle to the right of it; blocks have a fixed size, so the results do not depend on the number of threads.

extension Matrix {
  /// Adds the second moment of the rows of `x` to the upper triangle: `C ← xᵀx + C`.
  ///
  /// Shapes: `x` is `[t, n]`, this matrix is `[n, n]`.
  ///
  /// - Precondition: the strict lower triangle is zero; it stays so.
  ///
  /// - Complexity: t·n² flops, half as many as the whole product needs.
  public mutating func addSecondMoment(of x: Matrix, on engine: ProductEngine = .float32) {
    precondition(
      rows == x.columns && columns == x.columns,
      "second moment of \(x.rows) x \(x.columns) into \(rows) x \(columns)")
    let factor = SecondMomentFactor(x, on: engine)
    parallelRowBlocks(of: SecondMomentFactor.blockRows(columns)) { rows, block in
      var upper = block.mutableView(rows: 0..<rows.count, columns: rows.lowerBound..<x.columns)
      factor.add(rows, to: &upper)
    }
  }

  /// A value for each block of rows of the upper triangle of the second moment `xᵀx`, which is never there as a whole.
  ///
  /// - Parameters:
  ///   - engine: what computes the products.
  ///   - value: the value of some rows, given their elements on and to the right of the diagonal: element `[i, j]` is
  ///     that of row i and column j of those that begin with the first of the rows.
  /// - Returns: the values, in the order of the rows.
  /// - Complexity: t·n² flops.
  package func secondMomentBlocks<Value: Sendable>(
    on engine: ProductEngine, _ value: @Sendable (Range<Int>, Matrix) -> Value
  ) -> [Value] {
    let factor = SecondMomentFactor(self, on: engine)
    let size = SecondMomentFactor.leastBlockRows
    return Threads.map((columns + size - 1) / size) { i in
      let rows = i * size..<min(columns, (i + 1) * size)
      var upper = Matrix(rows: rows.count, columns: columns - rows.lowerBound)
      var view = upper.mutableView
      factor.add(rows, to: &view)
      return value(rows, upper)
    }
  }
}

/// What a second moment is made of, in the form that an engine reads.
private struct SecondMomentFactor: Sendable {
  static let leastBlockRows = 128

  /// Higher blocks read x less often, and multiply more of the square below the diagonal in vain.
  static func blockRows(_ columns: Int) -> Int {
    columns < 16 * leastBlockRows ? leastBlockRows : 2 * leastBlockRows
  }

  private let x: Matrix
  private let rounded: BFloat16Matrix?

  init(_ x: Matrix, on engine: ProductEngine) {
    self.x = x
    // Of squares below the normal numbers of float32, oneDNN keeps nothing, and OpenBLAS what is left of them.
    rounded = engine == .float32 || x.isTiny ? nil : BFloat16Matrix(x)
  }

  /// Adds the elements of some rows that lie on the diagonal and to the right of it, on the calling thread.
  func add(_ rows: Range<Int>, to upper: inout MutableMatrixView) {
    let (own, rest) = (0..<rows.count, rows.upperBound..<x.columns)
    guard let rounded else {
      var diagonal = upper.mutableView(rows: own, columns: own)
      BLAS.syrk(x.view(rows: 0..<x.rows, columns: rows), into: &diagonal)
      var right = upper.mutableView(rows: own, columns: rows.count..<upper.columns)
      BLAS.gemm(
        1, x.view(rows: 0..<x.rows, columns: rows).transposed,
        x.view(rows: 0..<x.rows, columns: rest), 1, into: &right)
      return
    }
    // With the square on the diagonal as a whole: one large product takes less time than two without its lower half.
    rounded.addProduct(rows, with: rounded, rows.lowerBound..<x.columns, into: &upper)
    for i in own {
      var row = upper.mutableRow(i)
      for j in 0..<i { row[j] = 0 }
    }
  }
}

extension Matrix {
  /// Whether no square of an element is much above the smallest normal number of float32; mostly known after a row.
  fileprivate var isTiny: Bool {
    (0..<rows).allSatisfy { i in
      let extent = VectorMath.extent(row(i))
      return max(-extent.lowerBound, extent.upperBound) < 1e-15
    }
  }
}
