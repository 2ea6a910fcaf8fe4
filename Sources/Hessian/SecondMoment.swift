internal import LinearAlgebra

/// The sum Σₜ wₜ xₜ xₜᵀ over the tokens of an input; the weights w are 1 unless added otherwise.
struct SecondMoment: Sendable, Equatable {
  /// The number of tokens T in the sum.
  private(set) var tokenCount = 0
  /// The sum of all weights, by which a mean divides.
  private(set) var weight = 0.0
  /// The sum in the upper triangle; the strict lower triangle is zero.
  private(set) var upperSum: Matrix

  /// The sum over no tokens.
  init(channels: Int) { upperSum = Matrix(rows: channels, columns: channels) }

  /// A sum that is already known, of which the upper triangle is kept.
  ///
  /// - Throws: ``SecondMomentError`` if no input has it.
  init(sum: Matrix, tokenCount: Int, weight: Double) throws(SecondMomentError) {
    try SecondMomentError.check(sum)
    self.tokenCount = tokenCount
    self.weight = weight
    upperSum = sum
    for i in 0..<sum.rows {
      for j in 0..<i { upperSum[i, j] = 0 }
    }
  }

  /// The sum with both triangles.
  var sum: Matrix {
    Matrix(rows: upperSum.rows, columns: upperSum.columns) { upperSum[min($0, $1), max($0, $1)] }
  }

  /// Adds the rows of `x`: T·n² flops.
  mutating func add(_ x: Matrix, on engine: ProductEngine) {
    add(x, eachCounting: 1, on: engine)
    tokenCount += x.rows
  }

  /// Adds rows √w·x of tokens that are not counted but for their weight w.
  mutating func add(_ x: Matrix, eachCounting weight: Double, on engine: ProductEngine) {
    upperSum.addSecondMoment(of: x, on: engine)
    self.weight += weight * Double(x.rows)
  }

  /// Adds the sum over other tokens.
  mutating func merge(_ other: SecondMoment) {
    tokenCount += other.tokenCount
    add(other, weight: 1)
  }

  /// Adds a multiple of the sum over tokens that are not counted.
  mutating func add(_ other: SecondMoment, weight factor: Float) {
    weight += Double(factor) * other.weight
    upperSum.add(other.upperSum, times: factor)
  }

  /// Whether all elements beside the diagonal are 0.
  var isDiagonal: Bool {
    (0..<upperSum.rows).allSatisfy { i in
      let row = upperSum.row(i)
      return (i + 1..<row.count).allSatisfy { row[$0] == 0 }
    }
  }

  /// The sum of the diagonal: Σ wₜ ‖xₜ‖².
  var trace: Double { (0..<upperSum.rows).reduce(0) { $0 + Double(upperSum[$1, $1]) } }

  /// The sum for x / s: diag(1/s) S diag(1/s).
  func divided(by factors: [Float]) -> SecondMoment {
    var result = self
    result.upperSum.parallelRowBlocks(of: 64) { rows, block in
      for i in rows {
        var row = block.mutableRow(i - rows.lowerBound)
        for j in i..<row.count { row[j] /= factors[i] * factors[j] }
      }
    }
    return result
  }

  /// The sum with the rows and columns of some channels set to zero.
  func removing(channels: [Int]) -> SecondMoment {
    var result = self
    for channel in channels {
      for i in 0..<channel { result.upperSum[i, channel] = 0 }
      for j in channel..<upperSum.columns { result.upperSum[channel, j] = 0 }
    }
    return result
  }

  /// What some rows add to the inner product with a symmetric matrix.
  ///
  /// - Parameters:
  ///   - block: the elements of the other matrix in these rows, from the column of the first of them on; those below
  ///     the diagonal are not read.
  ///   - rows: the rows; all of them for the whole product.
  /// - Returns: the sum over the elements of both triangles.
  /// - Complexity: a flop for each element; each row is summed in float32, the rows in double precision. A sum out of
  ///   the reach of float32 is made again in doubles.
  func product(withUpper block: Matrix, rows: Range<Int>) -> Double {
    let sum = narrowProduct(withUpper: block, rows: rows)
    guard !VectorMath.isInReach(sum) else { return sum }
    var wide = 0.0
    for i in rows {
      let first = i - rows.lowerBound
      let (h, m) = (upperSum.row(i).extracting(i..<upperSum.columns), block.row(first))
      for j in h.indices { wide += (j == 0 ? 1 : 2) * Double(h[j]) * Double(m[first + j]) }
    }
    return wide
  }

  private func narrowProduct(withUpper block: Matrix, rows: Range<Int>) -> Double {
    var sum = 0.0
    for i in rows {
      let first = i - rows.lowerBound
      let (h, m) = (upperSum.row(i), block.row(first))
      let diagonal = Double(h[i]) * Double(m[first])
      let rest = VectorMath.dot(
        h.extracting(i + 1..<h.count), m.extracting(first + 1..<m.count))
      sum += diagonal + 2 * Double(rest)
    }
    return sum
  }
}
