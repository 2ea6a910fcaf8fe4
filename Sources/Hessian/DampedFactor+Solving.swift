package import LinearAlgebra

extension DampedFactor {
  /// The solution X of `X (H + λI) = B` for a matrix `[m, n]`.
  ///
  /// With R = diag(√D)·U, U the unit rows: `X Pᵀ = B Pᵀ U⁻¹ diag(1/D) U⁻ᵀ`.
  ///
  /// - Complexity: 2·m·n² flops, in parallel over blocks of rows.
  package func solve(_ b: Matrix) -> Matrix { solve(b, fromEarlierColumns: false) }

  /// GPTAQ's P (Li and others 2025, arXiv 2504.02692) for a cross moment D, `[n, n]`: what a weight in
  /// row i adds to each column that is visited after column i.
  ///
  ///     P = ((D Uᵀ) ∘ M) U,     UᵀU = (H + λI)⁻¹ in the order of visits, M strictly upper triangular
  ///
  /// Without M it would be `D (H + λI)⁻¹`.
  ///
  /// - Complexity: 2·n³ flops.
  package func laterShare(of cross: Matrix) -> Matrix {
    precondition(
      cross.rows == order.count, "\(cross.rows) rows for a factor of order \(order.count)")
    return solve(cross, fromEarlierColumns: true)
  }

  private func solve(_ b: Matrix, fromEarlierColumns: Bool) -> Matrix {
    let n = order.count
    let line = order.indices.sorted { order[n - 1 - $0] < order[n - 1 - $1] }
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
        // Lines run against the order of visits.
        let end = fromEarlierColumns ? line[row] : n
        for p in 0..<end { target[p] = Float(Double(target[p]) / pivots[p]) }
        for p in end..<n { target[p] = 0 }
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
