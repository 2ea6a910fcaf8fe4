/// A rectangle of a matrix, read in place and possibly transposed.
///
/// The compiler ensures that a view does not outlive its matrix.
package struct MatrixView: ~Escapable {
  let span: Span<Float>
  /// The number of rows, after any transposition.
  public let rows: Int
  /// The number of columns, after any transposition.
  public let columns: Int
  /// The distance in elements between the starts of two stored rows.
  let stride: Int
  /// Whether the view shows the transpose of what is stored.
  let isTransposed: Bool

  @_lifetime(copy span)
  init(_ span: Span<Float>, rows: Int, columns: Int, stride: Int, isTransposed: Bool = false) {
    self.span = span
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.isTransposed = isTransposed
  }

  /// The transpose, over the same memory.
  public var transposed: MatrixView {
    @_lifetime(copy self)
    get {
      MatrixView(
        span, rows: columns, columns: rows, stride: stride, isTransposed: !isTransposed)
    }
  }
}

/// A rectangle of a matrix, written in place.
package struct MutableMatrixView: ~Copyable, ~Escapable {
  var span: MutableSpan<Float>
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// The distance in elements between the starts of two rows.
  let stride: Int

  @_lifetime(copy span)
  init(_ span: consuming MutableSpan<Float>, rows: Int, columns: Int, stride: Int) {
    self.span = span
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// The elements of row `i`, in place and mutable.
  @_lifetime(&self)
  public mutating func mutableRow(_ i: Int) -> MutableSpan<Float> {
    span._mutatingExtracting(i * stride..<i * stride + columns)
  }

  /// The rectangle of the given rows and columns of this view.
  @_lifetime(&self)
  public mutating func mutableView(rows: Range<Int>, columns: Range<Int>) -> MutableMatrixView {
    precondition(
      rows.upperBound <= self.rows && columns.upperBound <= self.columns,
      "rows \(rows), columns \(columns) of a \(self.rows) x \(self.columns) view")
    guard !rows.isEmpty, !columns.isEmpty else {
      return MutableMatrixView(
        span._mutatingExtracting(0..<0), rows: rows.count, columns: columns.count, stride: stride)
    }
    let first = rows.lowerBound * stride + columns.lowerBound
    let end = (rows.upperBound - 1) * stride + columns.upperBound
    return MutableMatrixView(
      span._mutatingExtracting(first..<end), rows: rows.count, columns: columns.count,
      stride: stride)
  }
}
