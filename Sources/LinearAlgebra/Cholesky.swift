internal import CLAPACKE

/// The upper Cholesky factor of a symmetric positive definite matrix, in double precision.
///
///     A = RᵀR,   R upper triangular with a positive diagonal
///
/// Only the upper triangle of `elements` is meaningful, row by row in an `n × n` allocation.
package struct CholeskyFactor: Sendable {
  /// The side of the matrix.
  public let order: Int
  /// `R` in the upper triangle, row by row.
  public let elements: [Double]

  /// Factors the matrix whose upper triangle is given.
  ///
  /// LAPACKE's row-major path would transpose the matrix twice. Because a symmetric matrix is its own
  /// transpose, the column-major routine can work on the same memory with the other triangle: its
  /// lower factor `L`, read row by row, is `Lᵀ = R`.
  ///
  /// - Parameters:
  ///   - order: the side of the matrix.
  ///   - upper: the matrix, row by row; the strict lower triangle is ignored.
  /// - Throws: ``CholeskyFailure`` if an element is not finite or a leading minor is not positive.
  /// - Complexity: n³/3 flops, in place.
  public init(order: Int, upper: consuming [Double]) throws(CholeskyFailure) {
    precondition(upper.count == order * order, "\(upper.count) elements for order \(order)")
    _ = BLAS.oneThread
    var elements = upper
    let n = CLAPACKInt(order)
    // Safety: the buffer holds order² elements and the leading dimension is the order.
    let info = unsafe elements.withUnsafeMutableBufferPointer { pointer in
      unsafe LAPACKE_dpotrf(LAPACK_COL_MAJOR, CChar(UInt8(ascii: "L")), n, pointer.baseAddress, n)
    }
    if info > 0 { throw .notPositiveDefinite(pivot: Int(info) - 1) }
    if info < 0 { throw .notFinite }
    self.order = order
    self.elements = elements
  }
}

/// Why a matrix has no Cholesky factor.
package enum CholeskyFailure: Error, Equatable {
  /// The matrix has a NaN, which LAPACKE checks for; infinities produce one during the factorization.
  case notFinite
  /// The leading minor that ends at this zero-based index is not positive.
  case notPositiveDefinite(pivot: Int)
}
