extension Matrix {
  /// Changes the matrix in parallel, `size` rows per call.
  ///
  /// Safety: the blocks of rows are disjoint and within the allocation, and each is passed to exactly
  /// one call. Nowhere else do several threads write to the same matrix, but in the Cholesky factor.
  ///
  /// - Parameters:
  ///   - size: the number of rows per call; the last block may be shorter.
  ///   - body: receives the range of rows, and a view of them with all columns.
  package mutating func parallelRowBlocks(
    of size: Int, _ body: @Sendable (Range<Int>, inout MutableMatrixView) -> Void
  ) {
    precondition(size > 0, "row blocks of \(size)")
    let (rows, columns) = (rows, columns)
    var all = mutableElements
    unsafe all.withUnsafeMutableBufferPointer { buffer in
      unsafe Self.fill(buffer, rows: rows, columns: columns, blocksOf: size, body)
    }
  }

  /// A matrix that is written in parallel, `size` rows per call, and not cleared before.
  ///
  /// Safety: as for ``parallelRowBlocks(of:_:)``; and any bits are a float.
  ///
  /// - Precondition: `body` writes every element of its view and reads none before.
  package init(
    rows: Int, columns: Int, blocksOf size: Int,
    _ body: @Sendable (Range<Int>, inout MutableMatrixView) -> Void
  ) {
    // All empty arrays are one, and making another writes the 0 into it that is there: a race, if a harmless one.
    guard rows > 0, columns > 0 else {
      self.init(rows: rows, columns: columns, elements: [])
      return
    }
    let elements = unsafe [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
      let whole = unsafe UnsafeMutableBufferPointer(rebasing: buffer[0..<rows * columns])
      unsafe Self.fill(whole, rows: rows, columns: columns, blocksOf: size, body)
      count = rows * columns
    }
    self.init(rows: rows, columns: columns, elements: elements)
  }

  private static func fill(
    _ buffer: UnsafeMutableBufferPointer<Float>, rows: Int, columns: Int, blocksOf size: Int,
    _ body: @Sendable (Range<Int>, inout MutableMatrixView) -> Void
  ) {
    unsafe buffer.forEachBlock(rows: rows, columns: columns, of: size) { range, part in
      var view = unsafe MutableMatrixView(
        part.mutableSpan, rows: range.count, columns: columns, stride: columns)
      body(range, &view)
    }
  }
}

extension [Double] {
  /// A square matrix, row by row, whose upper triangle is written in parallel, `size` rows per call.
  ///
  /// Safety: as for matrices. What lies below the diagonal is whatever was in memory, which is a number too.
  ///
  /// - Precondition: `body` writes the elements on and above the diagonal and reads none before.
  package init(
    upperTriangleOf order: Int, blocksOf size: Int,
    _ body: @Sendable (Range<Int>, inout MutableSpan<Double>) -> Void
  ) {
    guard order > 0 else {
      self = []
      return
    }
    self = unsafe [Double](unsafeUninitializedCapacity: order * order) { buffer, count in
      let whole = unsafe UnsafeMutableBufferPointer(rebasing: buffer[0..<order * order])
      unsafe whole.forEachBlock(rows: order, columns: order, of: size) { range, part in
        var span = unsafe part.mutableSpan
        body(range, &span)
      }
      count = order * order
    }
  }
}

extension UnsafeMutableBufferPointer {
  /// Passes blocks of rows to a closure, in parallel.
  fileprivate func forEachBlock(
    rows: Int, columns: Int, of size: Int,
    _ body: @Sendable (Range<Int>, UnsafeMutableBufferPointer) -> Void
  ) {
    guard rows > 0, columns > 0 else { return }
    nonisolated(unsafe) let buffer = unsafe self
    Threads.perform((rows + size - 1) / size) { block in
      let range = block * size..<Swift.min(rows, (block + 1) * size)
      unsafe body(
        range,
        UnsafeMutableBufferPointer(
          rebasing: buffer[range.lowerBound * columns..<range.upperBound * columns]))
    }
  }
}
