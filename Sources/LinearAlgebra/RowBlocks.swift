extension Matrix {
  /// Changes the matrix in parallel, `size` rows per call.
  ///
  /// Safety: the blocks of rows are disjoint and within the allocation, and each is passed to exactly
  /// one call. Nowhere else do several threads write to the same matrix.
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
    guard rows > 0, columns > 0 else { return }
    nonisolated(unsafe) let buffer = unsafe buffer
    Threads.perform((rows + size - 1) / size) { block in
      let range = block * size..<min(rows, (block + 1) * size)
      let part = unsafe UnsafeMutableBufferPointer(
        rebasing: buffer[range.lowerBound * columns..<range.upperBound * columns])
      var view = unsafe MutableMatrixView(
        part.mutableSpan, rows: range.count, columns: columns, stride: columns)
      body(range, &view)
    }
  }
}
