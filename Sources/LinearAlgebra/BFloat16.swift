internal import COneDNN

/// Products of factors in bfloat16: a thin layer over oneDNN.
///
/// Safety: as in `BLAS.swift`, every call checks the shapes of its views, and a view covers the memory from its
/// first to its last element.
enum BFloat16 {
  /// Why there are none here; nil if there are.
  static let problem: String? = unsafe text(ptq_bf16_problem())

  /// The library that computes them; nil for none.
  static let library: String? = unsafe text(ptq_bf16_library())

  /// Safety: the strings are terminated, and belong to the process.
  private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    unsafe pointer.map { unsafe String(cString: $0) }
  }

  /// Opens the library, unless that was done before, and stops where it is missing.
  static func checkIsThere() {
    precondition(problem == nil, "no products in bfloat16: \(problem ?? "")")
  }

  /// Stops where oneDNN refuses what fits together, which it does without memory.
  static func check(_ status: Int32, _ rows: Int, _ columns: Int, _ inner: Int) {
    precondition(
      status == 0, "oneDNN refused a product of \(rows) x \(inner) x \(columns): status \(status)")
  }
}

/// A right factor, rounded to bfloat16 and in the order in which oneDNN reads it.
@safe final class PackedFactor: Sendable {
  // Safety: made in the initializer, only read afterwards, and freed with the object.
  private nonisolated(unsafe) let factor: OpaquePointer
  private let rows: Int
  private let columns: Int

  /// Rounds and packs weights `[out, in]`.
  ///
  /// - Precondition: there is at least one of them.
  init(_ weights: Matrix) {
    BFloat16.checkIsThere()
    (rows, columns) = (weights.rows, weights.columns)
    var made: OpaquePointer?
    let status = unsafe weights.elements.withUnsafeBufferPointer { elements in
      guard let start = elements.baseAddress else { return Int32(1) }
      return unsafe ptq_bf16_pack(
        start, Int64(weights.rows), Int64(weights.columns), Int64(weights.columns), &made)
    }
    BFloat16.check(status, 256, weights.rows, weights.columns)
    guard let made = unsafe made else { preconditionFailure("packed weights without an address") }
    unsafe factor = made
  }

  deinit { unsafe ptq_bf16_free(factor) }

  /// `y ← bf16(x)·ŵᵀ`, on the calling thread.
  ///
  /// - Precondition: the shapes match.
  func multiply(_ x: MatrixView, into y: inout MutableMatrixView) {
    precondition(
      !x.isTransposed && x.columns == columns && y.columns == rows && x.rows == y.rows,
      "product of \(x.rows) x \(x.columns) and \(columns) x \(rows) into \(y.rows) x \(y.columns)")
    guard y.rows > 0 else { return }
    let (count, stride) = (Int64(y.rows), Int64(y.stride))
    let status = unsafe y.span.withUnsafeMutableBufferPointer { target in
      unsafe x.span.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return Int32(1) }
        return unsafe ptq_bf16_multiply(from, count, Int64(x.stride), factor, to, stride)
      }
    }
    BFloat16.check(status, y.rows, rows, columns)
  }
}

/// A matrix of numbers in bfloat16, row by row.
struct BFloat16Matrix: Sendable {
  let rows: Int
  let columns: Int
  private var elements: [UInt16]

  /// A matrix of zeros.
  init(rows: Int, columns: Int) {
    BFloat16.checkIsThere()
    (self.rows, self.columns) = (rows, columns)
    elements = [UInt16](repeating: 0, count: rows * columns)
  }

  /// Rounds a matrix.
  init(_ matrix: Matrix) {
    BFloat16.checkIsThere()
    (rows, columns) = (matrix.rows, matrix.columns)
    let count = matrix.elements.count
    // As for any matrix: making another empty array would write into the one that there is.
    guard count > 0 else {
      elements = []
      return
    }
    elements = unsafe [UInt16](unsafeUninitializedCapacity: count) { target, initialized in
      nonisolated(unsafe) let target = unsafe target
      unsafe matrix.elements.withUnsafeBufferPointer { source in
        nonisolated(unsafe) let source = unsafe source
        let size = 1 << 16
        // Safety: the parts are disjoint and within both buffers.
        Threads.perform((count + size - 1) / size) { part in
          let start = part * size
          guard let from = unsafe source.baseAddress, let to = unsafe target.baseAddress else {
            return
          }
          unsafe ptq_bf16_round(from + start, to + start, min(size, count - start))
        }
      }
      initialized = count
    }
  }

  /// Sets some elements of row i to `exp(xⱼ − max x)`, x being those in their places in a matrix of the same shape.
  ///
  /// - Returns: the sum of the exponentials, before they are rounded; 0 if there are none.
  mutating func setExponentials(_ i: Int, _ range: Range<Int>, of matrix: Matrix) -> Float {
    precondition(rows == matrix.rows && columns == matrix.columns, "matrices of two shapes")
    let (x, columns) = (matrix.row(i).extracting(range), columns)
    // Safety: a row that the other matrix has is there, with as many elements.
    return unsafe elements.withUnsafeMutableBufferPointer { elements in
      unsafe x.withUnsafeBufferPointer { x in
        guard let to = elements.baseAddress, let from = x.baseAddress else { return 0 }
        return unsafe ptq_bf16_exponentials(from, x.count, to + i * columns + range.lowerBound)
      }
    }
  }

  /// A rectangle of the matrix.
  func part(rows: Range<Int>, columns: Range<Int>) -> BFloat16Part {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= self.rows && columns.lowerBound >= 0
        && columns.upperBound <= self.columns,
      "rows \(rows), columns \(columns) of a \(self.rows) x \(self.columns) matrix")
    return BFloat16Part(matrix: self, rows: rows, columns: columns, isTransposed: false)
  }

  /// Calls a closure with the address of the first element.
  fileprivate func withStart(_ body: (UnsafePointer<UInt16>) -> Int32) -> Int32 {
    unsafe elements.withUnsafeBufferPointer { elements in
      unsafe elements.baseAddress.map { unsafe body($0) } ?? 1
    }
  }
}

/// A rectangle of a matrix in bfloat16, or its transpose.
struct BFloat16Part: Sendable {
  fileprivate let matrix: BFloat16Matrix
  /// The rows and columns of the matrix.
  fileprivate let rows: Range<Int>
  fileprivate let columns: Range<Int>
  fileprivate let isTransposed: Bool

  /// The transpose.
  var transposed: BFloat16Part {
    BFloat16Part(matrix: matrix, rows: rows, columns: columns, isTransposed: !isTransposed)
  }

  /// The number of rows and columns, after any transposition.
  fileprivate var shape: (rows: Int, columns: Int) {
    isTransposed ? (columns.count, rows.count) : (rows.count, columns.count)
  }

  /// `c ← a·b`, or `c ← a·b + c`, on the calling thread, where this part is a.
  func multiply(_ b: BFloat16Part, adding: Bool, into c: inout MutableMatrixView) {
    let (own, other) = (shape, b.shape)
    precondition(
      own.columns == other.rows && c.rows == own.rows && c.columns == other.columns,
      "\(own.rows) x \(own.columns) times \(other.rows) x \(other.columns) into \(c.rows) x \(c.columns)"
    )
    guard own.rows > 0, other.columns > 0 else { return }
    guard own.columns > 0 else {
      for i in 0..<c.rows where !adding {
        var row = c.mutableRow(i)
        for j in row.indices { row[j] = 0 }
      }
      return
    }
    let stride = Int64(c.stride)
    // Safety: both parts lie within their matrices, and the view covers its memory.
    let status = unsafe c.span.withUnsafeMutableBufferPointer { target in
      guard let to = target.baseAddress else { return Int32(1) }
      return unsafe matrix.withStart { x in
        unsafe b.matrix.withStart { y in
          unsafe ptq_bf16_product(
            address(from: x), b.address(from: y), Int64(own.rows), Int64(own.columns),
            Int64(other.columns), to, stride, adding ? 1 : 0)
        }
      }
    }
    BFloat16.check(status, own.rows, other.columns, own.columns)
  }

  private func address(from start: UnsafePointer<UInt16>) -> ptq_bf16_part {
    let step = Int64(matrix.columns)
    return unsafe ptq_bf16_part(
      start: start + rows.lowerBound * matrix.columns + columns.lowerBound,
      row_step: isTransposed ? 1 : step, column_step: isTransposed ? step : 1)
  }
}

extension BFloat16Matrix {
  /// `c ← c + aᵀ·b` for some columns `a` of this matrix and some columns `b` of another of the same
  /// height, on the calling thread.
  func addProduct(
    _ a: Range<Int>, with other: BFloat16Matrix, _ b: Range<Int>, into c: inout MutableMatrixView
  ) {
    part(rows: 0..<rows, columns: a).transposed
      .multiply(other.part(rows: 0..<other.rows, columns: b), adding: true, into: &c)
  }
}
