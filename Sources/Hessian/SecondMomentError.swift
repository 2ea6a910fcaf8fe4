internal import LinearAlgebra

/// Why a matrix is not the second moment E[x xᵀ] of any input.
public enum SecondMomentError: Error, Equatable, CustomStringConvertible {
  /// The matrix is not square.
  case notSquare(rows: Int, columns: Int)
  /// This element is infinite or NaN.
  case notFinite(row: Int, column: Int)
  /// The mean square of this channel is negative.
  case negative(channel: Int, Float)
  /// Two mirrored elements differ by more than rounding explains.
  case notSymmetric(row: Int, column: Int, Float, Float)

  /// What was found, and what is needed.
  public var description: String {
    switch self {
    case .notSquare(let rows, let columns):
      "a Hessian is square, but this is \(rows) x \(columns)"
    case .notFinite(let row, let column):
      "the Hessian is not finite at row \(row), column \(column)"
    case .negative(let channel, let value):
      "the Hessian's diagonal is \(value) at channel \(channel); a mean square cannot be negative"
    case .notSymmetric(let row, let column, let value, let other):
      "the Hessian is not symmetric: row \(row), column \(column) is \(value), but its mirror "
        + "image is \(other); it must not be a factor or an inverse"
    }
  }

  /// Checks a matrix.
  ///
  /// Mirrored elements may differ by a thousandth of √(Hᵢᵢ Hⱼⱼ), to allow for 16-bit formats.
  static func check(_ matrix: Matrix) throws(SecondMomentError) {
    guard matrix.rows == matrix.columns else {
      throw .notSquare(rows: matrix.rows, columns: matrix.columns)
    }
    let n = matrix.rows
    if let bad = matrix.elements.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(row: bad / n, column: bad % n)
    }
    for i in 0..<n {
      guard matrix[i, i] >= 0 else { throw .negative(channel: i, matrix[i, i]) }
      for j in 0..<i {
        let size = (Double(matrix[i, i]) * Double(matrix[j, j])).squareRoot()
        guard abs(Double(matrix[i, j]) - Double(matrix[j, i])) <= 1e-3 * size else {
          throw .notSymmetric(row: j, column: i, matrix[j, i], matrix[i, j])
        }
      }
    }
  }
}
