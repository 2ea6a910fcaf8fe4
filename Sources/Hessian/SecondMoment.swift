internal import LinearAlgebra

/// The sum Σₜ xₜ xₜᵀ over the tokens of an input.
struct SecondMoment: Sendable, Equatable {
  /// The number of tokens T in the sum.
  private(set) var tokenCount = 0
  /// The sum in the upper triangle; the strict lower triangle is zero.
  private(set) var upperSum: Matrix

  /// The sum over no tokens.
  init(channels: Int) { upperSum = Matrix(rows: channels, columns: channels) }

  /// A sum that is already known, of which the upper triangle is kept.
  ///
  /// - Throws: ``SecondMomentError`` if no input has it.
  init(sum: Matrix, tokenCount: Int) throws(SecondMomentError) {
    try SecondMomentError.check(sum)
    self.tokenCount = tokenCount
    upperSum = sum
    for i in 0..<sum.rows {
      for j in 0..<i { upperSum[i, j] = 0 }
    }
  }

  /// The sum with both triangles.
  var sum: Matrix {
    Matrix(rows: upperSum.rows, columns: upperSum.columns) { upperSum[min($0, $1), max($0, $1)] }
  }

  /// Adds the rows of `x`: T·n² flops in float32.
  mutating func add(_ x: Matrix) {
    upperSum.addSecondMoment(of: x)
    tokenCount += x.rows
  }

  /// Adds the sum over other tokens.
  mutating func merge(_ other: SecondMoment) {
    tokenCount += other.tokenCount
    upperSum.parallelRowBlocks(of: 64) { rows, block in
      for i in rows {
        var row = block.mutableRow(i - rows.lowerBound)
        let added = other.upperSum.row(i)
        for j in i..<row.count { row[j] += added[j] }
      }
    }
  }

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
}
