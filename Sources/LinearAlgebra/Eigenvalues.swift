internal import CLAPACKE

/// The eigenvalues of a symmetric matrix, in ascending order and double precision.
///
/// - Parameters:
///   - order: n.
///   - upper: the matrix, row by row; the strict lower triangle is ignored.
/// - Returns: n eigenvalues; nil if an element is not finite, or the iteration does not converge.
/// - Complexity: 4n³/3 flops, in place.
package func symmetricEigenvalues(order: Int, upper: consuming [Double]) -> [Double]? {
  precondition(upper.count == order * order, "\(upper.count) elements for order \(order)")
  _ = BLAS.oneThread
  var elements = upper
  var values = [Double](repeating: 0, count: order)
  let n = CLAPACKInt(order)
  // As for the Cholesky factor, the other triangle in column-major order is the same memory.
  // Safety: the buffers hold order² and order elements, and the leading dimension is the order.
  let info = unsafe elements.withUnsafeMutableBufferPointer { matrix in
    unsafe values.withUnsafeMutableBufferPointer { values in
      unsafe LAPACKE_dsyevd(
        LAPACK_COL_MAJOR, CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: "L")), n,
        matrix.baseAddress, max(1, n), values.baseAddress)
    }
  }
  return info == 0 ? values : nil
}
