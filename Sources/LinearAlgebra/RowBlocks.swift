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
    guard rows > 0, columns > 0 else { return }
    var all = mutableElements
    unsafe all.withUnsafeMutableBufferPointer { buffer in
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
}
