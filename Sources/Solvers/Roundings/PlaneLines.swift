internal import Hessian
internal import LinearAlgebra

// The weights of some rows in the layout of nearest plane: line p holds column `order[n − 1 − p]` of
// all rows, so rows are lanes and a run of columns is a run of lines.

extension DampedFactor {
  /// The column that line p holds.
  func column(ofLine p: Int) -> Int { order[order.count - 1 - p] }

  /// Some rows of a matrix as lines, `[n, width]`; lanes beyond the last row hold zeros.
  func lines(of weights: Matrix, _ rows: Range<Int>, width: Int) -> Matrix {
    let n = weights.columns
    var lines = Matrix(rows: n, columns: width)
    var elements = lines.mutableElements
    for (lane, row) in rows.enumerated() {
      let source = weights.row(row)
      for p in 0..<n { elements[p * width + lane] = source[column(ofLine: p)] }
    }
    return lines
  }

  /// A block of lines plus the feedback of all later ones, which hold errors:
  /// `W[block] + U[block, later]·E`.
  func targets(of block: Range<Int>, _ lines: Matrix) -> Matrix {
    let later = block.upperBound..<lines.rows
    var result = lines.copy(rows: block)
    var view = result.mutableView
    BLAS.gemm(
      1, unitRows.view(rows: block, columns: later),
      lines.view(rows: later, columns: 0..<lines.columns), 1, into: &view)
    return result
  }

  /// y = U e, `[n, width]`, for lines that hold the errors e = w − ŵ of any codes: what each column
  /// would still have to round away once all later ones are given, t − ŵ.
  ///
  /// - Complexity: n² multiply-adds for each row.
  func residuals(of errors: Matrix) -> Matrix {
    let (n, lanes) = (errors.rows, 0..<errors.columns)
    var result = Matrix(rows: n, columns: errors.columns)
    for start in stride(from: 0, to: n, by: NearestPlanePanel.blockSize) {
      let block = start..<min(n, start + NearestPlanePanel.blockSize)
      var target = result.mutableView(rows: block, columns: lanes)
      // Below its diagonal, U holds zeros.
      BLAS.gemm(
        1, unitRows.view(rows: block, columns: start..<n),
        errors.view(rows: start..<n, columns: lanes), 0, into: &target)
    }
    return result
  }

  /// Whether the columns of each group follow one another in the visiting order.
  func visitsGroups(of size: Int) -> Bool {
    stride(from: 0, to: order.count, by: size).allSatisfy { start in
      let group = order[start] / size
      return order[start..<min(order.count, start + size)].allSatisfy { $0 / size == group }
    }
  }
}
