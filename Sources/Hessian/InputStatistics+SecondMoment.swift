public import LinearAlgebra

/// What follows from the second moment.
extension InputStatistics {
  /// The mean square of each channel: the diagonal of H.
  public var meanSquares: [Float] {
    let scale = 1 / Float(weight)
    return (0..<channels).map { secondMoment.upperSum[$0, $0] * scale }
  }

  /// The diagonal block of H for a range of channels, with both triangles.
  public func block(_ columns: Range<Int>) -> Matrix {
    let scale = 1 / Float(weight)
    return Matrix(rows: columns.count, columns: columns.count) { i, j in
      let (a, b) = (columns.lowerBound + min(i, j), columns.lowerBound + max(i, j))
      return secondMoment.upperSum[a, b] * scale
    }
  }

  /// The inner product of H with a symmetric matrix given by its upper triangle: `tr(H M)`.
  ///
  /// With M = DᵀD this is `tr(D H Dᵀ)`, the expected squared output error that a weight error D
  /// causes. A single `DᵀD` serves any number of statistics.
  ///
  /// - Complexity: n² flops; each row is summed in float32, the rows in double precision.
  public func trace(withUpper moment: Matrix) -> Double {
    precondition(moment.rows == channels && moment.columns == channels, "moment of another order")
    return trace(withUpper: moment, rows: 0..<channels)
  }

  /// What some rows of a symmetric matrix add to `tr(H M)`, given from the column of the first of them on.
  package func trace(withUpper block: Matrix, rows: Range<Int>) -> Double {
    secondMoment.product(withUpper: block, rows: rows) / weight
  }

  /// The mean squared output of each row m of a matrix of weights: `m H mᵀ`.
  ///
  /// With U the upper triangle of H, `m H mᵀ = 2 m U mᵀ − Σ hⱼⱼ mⱼ²`. Rows whose squares float32 cannot
  /// hold are measured in a unit of their own.
  ///
  /// - Complexity: 2·out·n² flops.
  public func rowEnergies(of matrix: Matrix) -> [Double] {
    let upper = secondMoment.upperSum
    let (rows, units) = matrix.rowsInReach
    let product = Matrix.product(rows, upper)
    let scale = 1 / weight
    return (0..<rows.rows).map { row in
      let m = rows.row(row)
      var diagonal = 0.0
      for j in m.indices { diagonal += Double(upper[j, j]) * Double(m[j]) * Double(m[j]) }
      let energy = 2 * VectorMath.wideDot(product.row(row), m) - diagonal
      // Terms that cancel leave what was lost in rounding them, which may be less than nothing.
      return energy < 0 ? 0 : energy * scale * units[row] * units[row]
    }
  }

  /// The element `H[i, j]` for `i <= j`.
  package func upper(_ i: Int, _ j: Int) -> Double {
    Double(secondMoment.upperSum[i, j]) / weight
  }

  /// What a mean over the tokens divides by: the sum of their weights, or 1 if there is none.
  var weight: Double { secondMoment.weight > 0 ? secondMoment.weight : 1 }

  /// The sum of the diagonal of H: E‖x‖².
  public var trace: Double { secondMoment.trace / weight }

  /// W·D, `[out, n]`, for weights W: how far the outputs are from those of the full-precision model,
  /// against each channel; nil where the mismatch was not collected.
  ///
  /// - Complexity: 2·out·n² flops.
  package func crossProduct(
    with weights: Matrix, on engine: ProductEngine = .float32
  ) -> Matrix? {
    guard let mismatch else { return nil }
    var result = Matrix.product(weights, mismatch.crossSum, on: engine)
    result.multiply(by: Float(1 / weight))
    return result
  }

  /// D = E[(x̃ − x) xᵀ], `[n, n]`; nil where it was not collected.
  package var crossMoment: Matrix? {
    guard var result = mismatch?.crossSum else { return nil }
    result.multiply(by: Float(1 / weight))
    return result
  }

  /// What some rows of M = WᵀW add to tr(S M) = E‖W(x̃ − x)‖², given from the column of the first of them on; nil
  /// where S was not collected.
  package func deviationTrace(withUpper block: Matrix, rows: Range<Int>) -> Double? {
    mismatch?.deviation.map { $0.product(withUpper: block, rows: rows) / weight }
  }
}

extension Matrix {
  /// The rows, each divided by a power of two where its squares would leave float32, and those powers.
  fileprivate var rowsInReach: (rows: Matrix, units: [Double]) {
    var result = self
    let units = (0..<rows).map { i -> Double in
      let row = row(i)
      let energy = Double(VectorMath.dot(row, row))
      guard !(1e-20...1e30).contains(energy) else { return 1 }
      var largest: Float = 0
      for j in row.indices { largest = max(largest, abs(row[j])) }
      let unit = largest.powerOfTwo
      for j in row.indices { result[i, j] /= unit }
      return Double(unit)
    }
    return (result, units)
  }
}
