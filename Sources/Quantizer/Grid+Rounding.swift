public import LinearAlgebra

extension Grid {
  /// What rounding every weight to the nearest point of the grid changes: `ŵ − w`, `[rows, columns]`.
  ///
  /// For choices among many grids: no codes are made.
  ///
  /// - Precondition: the grid fits the shape of the weights.
  public func roundingErrors(of weights: Matrix) -> Matrix {
    precondition(
      scales.rows == weights.rows && groups * groupSize == weights.columns,
      "a grid of \(scales.rows) rows and \(groups) groups of \(groupSize)")
    var errors = Matrix(rows: weights.rows, columns: weights.columns)
    errors.parallelRowBlocks(of: 64) { range, block in
      for row in range {
        let source = weights.row(row)
        var target = block.mutableRow(row - range.lowerBound)
        for group in 0..<groups { addErrors(row: row, group: group, source, &target) }
      }
    }
    return errors
  }

  private func addErrors(
    row: Int, group: Int, _ source: Span<Float>, _ target: inout MutableSpan<Float>
  ) {
    let kernel = RoundingKernel(
      scale: scales[row, group], zeroPoint: zeroPoint(row: row, group: group),
      largest: scheme.largestCode)
    var j = group * groupSize
    let end = j + groupSize
    while j + 16 <= end {
      let w = source.lanes(at: j)
      target.setLanes(at: j, kernel.value(of: kernel.code(of: w)) - w)
      j += 16
    }
    while j < end {
      let w = Lanes(repeating: source[j])
      target[j] = (kernel.value(of: kernel.code(of: w)) - w)[0]
      j += 1
    }
  }
}
