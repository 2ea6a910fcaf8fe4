// Parallel products. They are split into parts of fixed sizes, so the results do not depend on the
// number of threads.

extension Matrix {
  /// The product `x · wᵀ` of inputs `[tokens, in]` with weights `[out, in]`: `[tokens, out]`.
  ///
  /// - Complexity: 2·tokens·out·in flops.
  public static func product(_ x: Matrix, transposed w: Matrix) -> Matrix {
    ProductFactor(w, on: .float32).product(x)
  }

  /// The product of two matrices `[m, k]` and `[k, n]`.
  ///
  /// - Complexity: 2·m·k·n flops.
  public static func product(
    _ a: Matrix, _ b: Matrix, on engine: ProductEngine = .float32
  ) -> Matrix {
    let (left, right) = (EngineMatrix(a, on: engine), EngineMatrix(b, on: engine))
    let size = engine == .float32 ? 64 : ProductFactor.blockRows
    return Matrix(rows: a.rows, columns: b.columns, blocksOf: size) { rows, block in
      left.part(rows: rows).multiply(right.part(), into: &block)
    }
  }

  /// Adds a product of two matrices `[t, m]` and `[t, n]`: `C ← aᵀb + C`.
  ///
  /// - Complexity: 2·t·m·n flops.
  public mutating func addProduct(
    ofTransposed a: Matrix, _ b: Matrix, on engine: ProductEngine = .float32
  ) {
    precondition(
      a.rows == b.rows && rows == a.columns && columns == b.columns,
      "a product of \(a.rows) x \(a.columns) and \(b.rows) x \(b.columns) into \(rows) x \(columns)"
    )
    let (left, right) = (EngineMatrix(a, on: engine), EngineMatrix(b, on: engine))
    parallelRowBlocks(of: 128) { rows, block in
      left.part(columns: rows).transposed.multiply(right.part(), adding: true, into: &block)
    }
  }

  /// Adds a multiple of a matrix of the same shape: `C ← C + f·M`.
  public mutating func add(_ other: Matrix, times factor: Float = 1) {
    precondition(rows == other.rows && columns == other.columns, "a sum of unequal shapes")
    parallelRowBlocks(of: 64) { rows, block in
      for i in rows {
        var row = block.mutableRow(i - rows.lowerBound)
        let added = other.row(i)
        for j in row.indices { row[j] += factor * added[j] }
      }
    }
  }

  /// Multiplies every element by a factor.
  public mutating func multiply(by factor: Float) {
    parallelRowBlocks(of: 64) { rows, block in
      for i in rows.indices {
        var row = block.mutableRow(i - rows.lowerBound)
        for j in row.indices { row[j] *= factor }
      }
    }
  }

  /// The matrix with each column multiplied by a factor: `W·diag s`.
  package func columns(times factors: [Float]) -> Matrix {
    var result = self
    result.parallelRowBlocks(of: 64) { range, block in
      for i in range.indices {
        var row = block.mutableRow(i - range.lowerBound)
        for j in row.indices { row[j] *= factors[j] }
      }
    }
    return result
  }

  /// Subtracts a matrix of the same shape.
  public mutating func subtract(_ other: Matrix) { add(other, times: -1) }
}
