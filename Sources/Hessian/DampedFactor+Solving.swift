package import LinearAlgebra

extension DampedFactor {
  /// The solution X of `X (H + λI) = B` for a matrix `[m, n]`.
  ///
  /// With R = diag(√D)·U, U the unit rows: `X Pᵀ = B Pᵀ U⁻¹ diag(1/D) U⁻ᵀ`.
  ///
  /// - Complexity: 2·m·n² flops, in parallel over blocks of rows.
  package func solve(_ b: Matrix) -> Matrix {
    let n = order.count
    precondition(b.columns == n, "\(b.columns) columns for a factor of order \(n)")
    var x = Matrix(rows: b.rows, columns: n)
    x.parallelRowBlocks(of: 96) { rows, block in
      for row in rows {
        let source = b.row(row)
        var target = block.mutableRow(row - rows.lowerBound)
        for p in 0..<n { target[p] = source[order[n - 1 - p]] }
      }
      BLAS.solve(unitUpper: unitRows.view, transposed: false, &block)
      for row in rows {
        var target = block.mutableRow(row - rows.lowerBound)
        for p in 0..<n { target[p] = Float(Double(target[p]) / pivots[p]) }
      }
      BLAS.solve(unitUpper: unitRows.view, transposed: true, &block)
      for row in rows {
        var target = block.mutableRow(row - rows.lowerBound)
        let solved = (0..<n).map { target[$0] }
        for p in 0..<n { target[order[n - 1 - p]] = solved[p] }
      }
    }
    return x
  }
}
