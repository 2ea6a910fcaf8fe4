internal import CLAPACKE
internal import COpenBLAS

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

  /// The columns that are eliminated at a time; up to this order, LAPACK does all of it.
  private static let blockSize = 256
  /// The rows or columns of a part of the work: fixed, so that the factor does not depend on the number of threads.
  private static let partSize = 128

  /// Factors the matrix whose upper triangle is given.
  ///
  /// With R₁ the factor of the first block of columns A₁₁, the others follow:
  ///
  ///     R₁₂ = R₁⁻ᵀ A₁₂,     A₂₂ ← A₂₂ − R₁₂ᵀ R₁₂
  ///
  /// - Parameters:
  ///   - order: the side of the matrix.
  ///   - upper: the matrix, row by row; the strict lower triangle is ignored.
  /// - Throws: ``CholeskyFailure`` if an element is not finite or a leading minor is not positive.
  /// - Complexity: n³/3 flops, in place, in parallel but for a share of about (block/n)².
  public init(order: Int, upper: consuming [Double]) throws(CholeskyFailure) {
    precondition(upper.count == order * order, "\(upper.count) elements for order \(order)")
    _ = BLAS.oneThread
    var elements = upper
    // Safety: each step reads and writes rectangles within the order × order elements, whose leading dimension
    // is the order, and the parts that run in parallel write to disjoint ones.
    try unsafe elements.withUnsafeMutableBufferPointer { buffer throws(CholeskyFailure) in
      guard let start = buffer.baseAddress else { return }
      let square = unsafe Square(start: start, order: order)
      for first in stride(from: 0, to: order, by: Self.blockSize) {
        let block = first..<min(order, first + Self.blockSize)
        try square.factor(block)
        let parts = stride(from: block.upperBound, to: order, by: Self.partSize)
          .map { $0..<min(order, $0 + Self.partSize) }
        Threads.perform(parts.count) { square.solve(parts[$0], behind: block) }
        Threads.perform(parts.count) { square.eliminate(block, from: parts[$0]) }
      }
    }
    self.order = order
    self.elements = elements
  }
}

/// A square matrix in memory, row by row, of which the upper triangle becomes its factor.
///
/// It may be shared by threads, because at any time each of them writes to other rows or columns, and reads only those
/// of a block that is finished.
@safe private struct Square: @unchecked Sendable {
  private let start: UnsafeMutablePointer<Double>
  private let order: Int

  init(start: UnsafeMutablePointer<Double>, order: Int) {
    unsafe self.start = start
    self.order = order
  }

  private func element(_ row: Int, _ column: Int) -> UnsafeMutablePointer<Double> {
    unsafe start + row * order + column
  }

  /// The factor of a block on the diagonal.
  ///
  /// LAPACKE's row-major path would transpose the matrix twice. Because a symmetric matrix is its own
  /// transpose, the column-major routine can work on the same memory with the other triangle: its
  /// lower factor `L`, read row by row, is `Lᵀ = R`.
  func factor(_ block: Range<Int>) throws(CholeskyFailure) {
    let info = unsafe LAPACKE_dpotrf(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "L")), CLAPACKInt(block.count),
      element(block.lowerBound, block.lowerBound), CLAPACKInt(order))
    if info > 0 { throw .notPositiveDefinite(pivot: block.lowerBound + Int(info) - 1) }
    if info < 0 { throw .notFinite }
  }

  /// Some columns of the rows of a block whose own factor is known.
  func solve(_ columns: Range<Int>, behind block: Range<Int>) {
    unsafe cblas_dtrsm(
      CblasRowMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, Int32(block.count),
      Int32(columns.count), 1, element(block.lowerBound, block.lowerBound), Int32(order),
      element(block.lowerBound, columns.lowerBound), Int32(order))
  }

  /// Takes what a block explains from some rows behind it.
  func eliminate(_ block: Range<Int>, from rows: Range<Int>) {
    let (depth, side) = (Int32(block.count), Int32(order))
    unsafe cblas_dsyrk(
      CblasRowMajor, CblasUpper, CblasTrans, Int32(rows.count), depth, -1,
      element(block.lowerBound, rows.lowerBound), side, 1,
      element(rows.lowerBound, rows.lowerBound), side)
    guard rows.upperBound < order else { return }
    unsafe cblas_dgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, Int32(rows.count), Int32(order - rows.upperBound),
      depth, -1, element(block.lowerBound, rows.lowerBound), side,
      element(block.lowerBound, rows.upperBound), side, 1,
      element(rows.lowerBound, rows.upperBound), side)
  }
}

/// Why a matrix has no Cholesky factor.
package enum CholeskyFailure: Error, Equatable {
  /// The matrix has a NaN, which LAPACKE checks for; infinities produce one during the factorization.
  case notFinite
  /// The leading minor that ends at this zero-based index is not positive.
  case notPositiveDefinite(pivot: Int)
}
