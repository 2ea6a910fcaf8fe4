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
    precondition(BFloat16.problem == nil, "no products in bfloat16: \(BFloat16.problem ?? "")")
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
  private let elements: [UInt16]

  /// Rounds a matrix.
  init(_ matrix: Matrix) {
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

  /// `c ← c + aᵀ·b` for some columns `a` of this matrix and some columns `b` of another of the same
  /// height, on the calling thread.
  func addProduct(
    _ a: Range<Int>, with other: BFloat16Matrix, _ b: Range<Int>, into c: inout MutableMatrixView
  ) {
    precondition(
      rows == other.rows && c.rows == a.count && c.columns == b.count
        && a.lowerBound >= 0 && a.upperBound <= columns && b.lowerBound >= 0
        && b.upperBound <= other.columns,
      "columns \(a) of \(columns) and \(b) of \(other.columns) into \(c.rows) x \(c.columns)")
    guard rows > 0, !a.isEmpty, !b.isEmpty else { return }
    let stride = Int64(c.stride)
    let status = unsafe c.span.withUnsafeMutableBufferPointer { target in
      unsafe elements.withUnsafeBufferPointer { left in
        unsafe other.elements.withUnsafeBufferPointer { right in
          guard let x = left.baseAddress, let y = right.baseAddress, let z = target.baseAddress
          else { return Int32(1) }
          return unsafe ptq_bf16_add_transposed(
            x + a.lowerBound, Int64(a.count), Int64(columns), y + b.lowerBound, Int64(b.count),
            Int64(other.columns), Int64(rows), z, stride)
        }
      }
    }
    BFloat16.check(status, a.count, b.count, rows)
  }
}
