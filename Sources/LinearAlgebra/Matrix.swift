/// A dense matrix of 32-bit floats, row by row in one allocation.
///
/// Matrices are values: assignment copies (on write), and equality compares all elements. Rows are
/// accessed as spans and rectangles as `MatrixView`, so no pointer leaves this module.
public struct Matrix: Sendable, Equatable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns; also the distance in elements between the starts of two rows.
  public let columns: Int
  /// The elements, row by row: element `(i, j)` is at `i * columns + j`.
  public private(set) var elements: [Float]

  /// A matrix of zeros.
  ///
  /// - Precondition: `rows` and `columns` are not negative.
  public init(rows: Int, columns: Int) {
    guard rows * columns < Self.largeCount else {
      self.init(rows: rows, columns: columns, blocksOf: 64) { rows, block in
        for i in 0..<rows.count {
          var row = block.mutableRow(i)
          for j in row.indices { row[j] = 0 }
        }
      }
      return
    }
    self.init(rows: rows, columns: columns, elements: [Float](repeating: 0, count: rows * columns))
  }

  /// The elements from which on it pays to clear a new matrix in parallel: the kernel clears each page when it is
  /// first touched, by the thread that touches it.
  private static let largeCount = 1 << 22

  /// A matrix of the given elements, row by row.
  ///
  /// - Precondition: `elements.count == rows * columns`.
  public init(rows: Int, columns: Int, elements: [Float]) {
    precondition(
      elements.count == rows * columns,
      "a \(rows) x \(columns) matrix cannot hold \(elements.count) elements")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  /// A matrix whose elements are a function of row and column.
  public init(rows: Int, columns: Int, _ element: (Int, Int) -> Float) {
    self.init(rows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns { elements[i * columns + j] = element(i, j) }
    }
  }

  /// The element in row `i` and column `j`.
  public subscript(i: Int, j: Int) -> Float {
    get {
      precondition(j >= 0 && j < columns, "column \(j) of \(columns)")
      return elements[i * columns + j]
    }
    set {
      precondition(j >= 0 && j < columns, "column \(j) of \(columns)")
      elements[i * columns + j] = newValue
    }
  }

  /// The elements of row `i`, in place.
  @_lifetime(borrow self)
  public func row(_ i: Int) -> Span<Float> {
    elements.span.extracting(i * columns..<(i + 1) * columns)
  }

  /// The elements of row `i`, in place and mutable.
  @_lifetime(&self)
  public mutating func mutableRow(_ i: Int) -> MutableSpan<Float> {
    elements.mutableSpan._consumingExtracting(i * columns..<(i + 1) * columns)
  }

  /// All elements, in place and mutable.
  public var mutableElements: MutableSpan<Float> {
    @_lifetime(&self)
    mutating get { elements.mutableSpan }
  }

  /// The whole matrix as a view.
  package var view: MatrixView {
    @_lifetime(borrow self)
    borrowing get {
      MatrixView(elements.span, rows: rows, columns: columns, stride: columns)
    }
  }

  /// The rectangle of the given rows and columns, in place.
  @_lifetime(borrow self)
  package func view(rows: Range<Int>, columns: Range<Int>) -> MatrixView {
    let range = span(of: rows, columns)
    return MatrixView(
      elements.span.extracting(range), rows: rows.count, columns: columns.count,
      stride: self.columns)
  }

  /// The whole matrix as a mutable view.
  package var mutableView: MutableMatrixView {
    @_lifetime(&self)
    mutating get {
      MutableMatrixView(elements.mutableSpan, rows: rows, columns: columns, stride: columns)
    }
  }

  /// The rectangle of the given rows and columns, in place and mutable.
  @_lifetime(&self)
  package mutating func mutableView(rows: Range<Int>, columns: Range<Int>) -> MutableMatrixView {
    let range = span(of: rows, columns)
    return MutableMatrixView(
      elements.mutableSpan._consumingExtracting(range), rows: rows.count, columns: columns.count,
      stride: self.columns)
  }

  /// A copy of the given rows.
  public func copy(rows range: Range<Int>) -> Matrix {
    Matrix(
      rows: range.count, columns: columns,
      elements: Array(elements[range.lowerBound * columns..<range.upperBound * columns]))
  }

  /// A copy of given rows, in any order.
  package func copy(rows indices: [Int]) -> Matrix {
    var elements: [Float] = []
    elements.reserveCapacity(indices.count * columns)
    for i in indices { elements += self.elements[i * columns..<(i + 1) * columns] }
    return Matrix(rows: indices.count, columns: columns, elements: elements)
  }

  /// The rows of several matrices, one after another.
  ///
  /// - Precondition: all have the same number of columns.
  public init(stacking parts: [Matrix]) {
    let columns = parts.first?.columns ?? 0
    precondition(parts.allSatisfy { $0.columns == columns }, "stacking unequal rows")
    self.init(
      rows: parts.reduce(0) { $0 + $1.rows }, columns: columns,
      elements: parts.flatMap(\.elements))
  }

  /// The transpose, as a new matrix.
  public var transposed: Matrix {
    Matrix(rows: columns, columns: rows) { elements[$1 * columns + $0] }
  }

  /// The index range from the first to the last element of a rectangle.
  private func span(of rows: Range<Int>, _ columns: Range<Int>) -> Range<Int> {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= self.rows && columns.lowerBound >= 0
        && columns.upperBound <= self.columns,
      "rows \(rows), columns \(columns) of a \(self.rows) x \(self.columns) matrix")
    guard !rows.isEmpty, !columns.isEmpty else { return 0..<0 }
    let first = rows.lowerBound * self.columns + columns.lowerBound
    return first..<(rows.upperBound - 1) * self.columns + columns.upperBound
  }
}
