internal import LinearAlgebra

/// Why a matrix cannot be the second moment E[x xᵀ] of any input.
public enum SecondMomentError: Error, Equatable, CustomStringConvertible {
  /// It has not as many rows as columns.
  case notSquare(rows: Int, columns: Int)
  /// This element is infinite or NaN.
  case notFinite(row: Int, column: Int)
  /// The mean square of this channel is negative.
  case negative(channel: Int, Float)
  /// Two elements that must be equal differ by more than rounding.
  case notSymmetric(row: Int, column: Int, Float, Float)

  /// What was found, and what is needed.
  public var description: String {
    switch self {
    case .notSquare(let rows, let columns):
      "a Hessian has as many rows as columns, not \(rows) x \(columns)"
    case .notFinite(let row, let column):
      "the Hessian is not finite in row \(row), column \(column)"
    case .negative(let channel, let value):
      "the Hessian's diagonal is \(value) at channel \(channel); a mean of squares is not negative"
    case .notSymmetric(let row, let column, let value, let other):
      "the Hessian is not symmetric: row \(row), column \(column) is \(value), and its mirror "
        + "image is \(other); a factor or an inverse will not do"
    }
  }

  /// Checks a matrix.
  ///
  /// Mirrored elements may differ by a thousandth of √(Hᵢᵢ Hⱼⱼ), which 16-bit formats need.
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
