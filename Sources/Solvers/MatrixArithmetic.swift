package import LinearAlgebra

extension Matrix {
  /// At most `limit` evenly spaced rows.
  func evenlySpacedRows(atMost limit: Int) -> Matrix {
    guard rows > limit else { return self }
    return Matrix(rows: limit, columns: columns) { self[$0 * rows / limit, $1] }
  }

  /// The matrix with some columns set to zero.
  func zeroing(_ columns: [Int]) -> Matrix {
    var result = self
    for row in 0..<rows { for column in columns { result[row, column] = 0 } }
    return result
  }

  /// `other − self`, element by element.
  package func difference(to other: Matrix) -> Matrix { other.combined(with: self) { $0 - $1 } }

  /// The sum with a matrix of the same shape.
  func adding(_ other: Matrix) -> Matrix { combined(with: other) { $0 + $1 } }

  private func combined(
    with other: Matrix, _ combine: @Sendable (Float, Float) -> Float
  ) -> Matrix {
    Matrix(rows: rows, columns: columns, blocksOf: 64) { range, block in
      for i in range {
        var target = block.mutableRow(i - range.lowerBound)
        let (own, others) = (row(i), other.row(i))
        for j in target.indices { target[j] = combine(own[j], others[j]) }
      }
    }
  }

  /// Σᵢⱼ Aᵢⱼ Bᵢⱼ.
  func innerProduct(with other: Matrix) -> Double {
    (0..<rows).reduce(0) { $0 + VectorMath.wideDot(row($1), other.row($1)) }
  }

  /// The squared Frobenius norm.
  package var sumOfSquares: Double { innerProduct(with: self) }
}

extension Matrix {
  /// The number of rows of which hardly anything is left in what was made of them, `[rows, columns]`.
  func rowsLost(in result: Matrix) -> Int {
    (0..<rows).count { i in
      let (weights, left) = (row(i), result.row(i))
      let energy = VectorMath.wideDot(weights, weights)
      return energy > 0 && VectorMath.wideDot(left, left) < 0.1 * energy
    }
  }
}

extension Matrix {
  /// The row that holds the largest magnitude.
  var largestRow: Int {
    let largest = elements.indices.max { abs(elements[$0]) < abs(elements[$1]) } ?? 0
    return largest / max(1, columns)
  }
}
