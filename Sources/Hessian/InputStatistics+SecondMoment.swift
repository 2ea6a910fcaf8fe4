public import LinearAlgebra

/// What follows from the second moment.
extension InputStatistics {
  /// The mean square of each channel: the diagonal of H.
  public var meanSquares: [Float] {
    let scale = 1 / Float(max(1, tokenCount))
    return (0..<channels).map { secondMoment.upperSum[$0, $0] * scale }
  }

  /// The diagonal block of H for a range of channels, with both triangles.
  public func block(_ columns: Range<Int>) -> Matrix {
    let scale = 1 / Float(max(1, tokenCount))
    return Matrix(rows: columns.count, columns: columns.count) { i, j in
      let (a, b) = (columns.lowerBound + min(i, j), columns.lowerBound + max(i, j))
      return secondMoment.upperSum[a, b] * scale
    }
  }

  /// The zero-based channels whose sum of squares is infinite or NaN.
  ///
  /// An infinite or NaN input always reaches its own diagonal element, so no other is looked at.
  public var nonFiniteChannels: [Int] {
    (0..<channels).filter { !secondMoment.upperSum[$0, $0].isFinite }
  }

  /// The inner product of H with a symmetric matrix given by its upper triangle: `tr(H M)`.
  ///
  /// With M = DᵀD this is `tr(D H Dᵀ)`, the expected squared output error that a weight error D
  /// causes. A single `DᵀD` serves any number of statistics.
  ///
  /// - Complexity: n² flops; each row is summed in float32, the rows in double precision.
  public func trace(withUpper moment: Matrix) -> Double {
    precondition(moment.rows == channels && moment.columns == channels, "moment of another order")
    guard tokenCount > 0 else { return 0 }
    var sum = 0.0
    for i in 0..<channels {
      let (h, m) = (secondMoment.upperSum.row(i), moment.row(i))
      let diagonal = Double(h[i]) * Double(m[i])
      let rest = i + 1..<channels
      sum += diagonal + 2 * Double(VectorMath.dot(h.extracting(rest), m.extracting(rest)))
    }
    return sum / Double(tokenCount)
  }

  /// The mean squared output of each row m of a matrix of weights: `m H mᵀ`.
  ///
  /// With U the upper triangle of H, `m H mᵀ = 2 m U mᵀ − Σ hⱼⱼ mⱼ²`.
  ///
  /// - Complexity: 2·out·n² flops.
  public func rowEnergies(of matrix: Matrix) -> [Double] {
    let upper = secondMoment.upperSum
    let product = Matrix.product(matrix, upper)
    let scale = 1 / Double(max(1, tokenCount))
    return (0..<matrix.rows).map { row in
      let m = matrix.row(row)
      var diagonal = 0.0
      for j in m.indices { diagonal += Double(upper[j, j]) * Double(m[j]) * Double(m[j]) }
      return (2 * Double(VectorMath.dot(product.row(row), m)) - diagonal) * scale
    }
  }

  /// The element `H[i, j]` for `i <= j`.
  func upper(_ i: Int, _ j: Int) -> Double {
    Double(secondMoment.upperSum[i, j]) / Double(max(1, tokenCount))
  }
}
