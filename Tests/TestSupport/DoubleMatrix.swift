// The textbook's linear algebra in double precision, one element after another: what the fast
// code in float32 is compared with. Nothing here is meant to be quick.

package import LinearAlgebra

/// A dense matrix of doubles, row by row.
package struct DoubleMatrix: Sendable, Equatable {
  /// The number of rows.
  package let rows: Int
  /// The number of columns.
  package let columns: Int
  /// The elements, row by row.
  package var elements: [Double]

  /// A matrix of zeros.
  package init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    elements = [Double](repeating: 0, count: rows * columns)
  }

  /// A matrix filled by a function of row and column.
  package init(rows: Int, columns: Int, _ element: (Int, Int) -> Double) {
    self.init(rows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns { self[i, j] = element(i, j) }
    }
  }

  /// A matrix of floats, exactly.
  package init(_ matrix: Matrix) {
    rows = matrix.rows
    columns = matrix.columns
    elements = matrix.elements.map(Double.init)
  }

  /// The element in row `i` and column `j`.
  package subscript(i: Int, j: Int) -> Double {
    get { elements[i * columns + j] }
    set { elements[i * columns + j] = newValue }
  }

  /// The transpose.
  package var transposed: DoubleMatrix {
    DoubleMatrix(rows: columns, columns: rows) { self[$1, $0] }
  }

  /// |a| for each element.
  package var magnitudes: DoubleMatrix {
    DoubleMatrix(rows: rows, columns: columns) { abs(self[$0, $1]) }
  }

  /// The sum of the diagonal.
  package var trace: Double { (0..<min(rows, columns)).reduce(0) { $0 + self[$1, $1] } }

  /// The largest sum of magnitudes in a row: ‖A‖∞.
  package var norm: Double {
    (0..<rows).map { i in (0..<columns).reduce(0) { $0 + abs(self[i, $1]) } }.max() ?? 0
  }

  /// The matrix with `value` added to its diagonal.
  package func addingToDiagonal(_ value: Double) -> DoubleMatrix {
    DoubleMatrix(rows: rows, columns: columns) { self[$0, $1] + ($0 == $1 ? value : 0) }
  }

  /// The rows and columns of a square matrix in another order: `B[p, q] = A[order[p], order[q]]`.
  package func reordered(by order: [Int]) -> DoubleMatrix {
    DoubleMatrix(rows: rows, columns: columns) { self[order[$0], order[$1]] }
  }

  /// `Σₖ aᵢₖ·bₖⱼ`, by the definition.
  package static func * (a: DoubleMatrix, b: DoubleMatrix) -> DoubleMatrix {
    precondition(a.columns == b.rows, "\(a.columns) columns by \(b.rows) rows")
    var result = DoubleMatrix(rows: a.rows, columns: b.columns)
    for i in 0..<a.rows {
      for k in 0..<a.columns {
        for j in 0..<b.columns { result[i, j] += a[i, k] * b[k, j] }
      }
    }
    return result
  }

  /// `a − b`.
  package static func - (a: DoubleMatrix, b: DoubleMatrix) -> DoubleMatrix {
    DoubleMatrix(rows: a.rows, columns: a.columns) { a[$0, $1] - b[$0, $1] }
  }

  /// `(1/T) Σₜ xₜ xₜᵀ` of the rows of `x`.
  package static func secondMoment(of x: Matrix) -> DoubleMatrix {
    let rows = DoubleMatrix(x)
    let sum = rows.transposed * rows
    return DoubleMatrix(rows: x.columns, columns: x.columns) { sum[$0, $1] / Double(x.rows) }
  }

  /// L with `A = L·Lᵀ`, lower triangular (Cholesky and Banachiewicz).
  ///
  /// - Precondition: the matrix is symmetric and positive definite.
  package var cholesky: DoubleMatrix {
    var lower = DoubleMatrix(rows: rows, columns: rows)
    for i in 0..<rows {
      for j in 0...i {
        var sum = self[i, j]
        for k in 0..<j { sum -= lower[i, k] * lower[j, k] }
        if i == j {
          precondition(sum > 0, "not positive definite at \(i)")
          lower[i, i] = sum.squareRoot()
        } else {
          lower[i, j] = sum / lower[j, j]
        }
      }
    }
    return lower
  }

  /// A⁻¹ of a symmetric positive definite matrix: L·Y = I forwards, Lᵀ·X = Y backwards.
  package var inverse: DoubleMatrix {
    let lower = cholesky
    var result = DoubleMatrix(rows: rows, columns: rows) { $0 == $1 ? 1 : 0 }
    for column in 0..<rows {
      for i in 0..<rows {
        for k in 0..<i { result[i, column] -= lower[i, k] * result[k, column] }
        result[i, column] /= lower[i, i]
      }
      for i in (0..<rows).reversed() {
        for k in i + 1..<rows { result[i, column] -= lower[k, i] * result[k, column] }
        result[i, column] /= lower[i, i]
      }
    }
    return result
  }
}
