internal import LinearAlgebra

/// How an input differs from the same input in the full-precision model.
///
///     x: the input in the quantized model     x̃: in the full-precision model     e = x̃ − x
///     D = E[e xᵀ]                             S = E[e eᵀ]
///
/// D is what a corrected target needs (arXiv 2504.09629; 2505.11695); S is the part of the
/// error E‖W x̃ − Ŵ x‖² that no Ŵ can change, so only statistics that judge collect it.
struct Mismatch: Sendable, Equatable {
  /// Σ e xᵀ, `[n, n]`; not symmetric.
  private(set) var crossSum: Matrix
  /// Σ e eᵀ; nil where it is not collected.
  private(set) var deviation: SecondMoment?

  /// The sums over no tokens.
  init(channels: Int, collectsDeviation: Bool) {
    crossSum = Matrix(rows: channels, columns: channels)
    deviation = collectsDeviation ? SecondMoment(channels: channels) : nil
  }

  /// Sums that are already known.
  init(crossSum: Matrix, deviation: SecondMoment?) {
    self.crossSum = crossSum
    self.deviation = deviation
  }

  /// Adds tokens: 2·T·n² flops, and T·n² more where S is collected.
  mutating func add(_ x: Matrix, reference: Matrix, on engine: ProductEngine) {
    precondition(
      reference.rows == x.rows && reference.columns == x.columns,
      "a reference of \(reference.rows) x \(reference.columns) for \(x.rows) x \(x.columns)")
    var e = reference
    e.subtract(x)
    crossSum.addProduct(ofTransposed: e, x, on: engine)
    deviation?.add(e, on: engine)
  }

  /// Whether the sums of a channel are numbers.
  func isFinite(channel: Int) -> Bool {
    crossSum[channel, channel].isFinite
      && deviation.map { $0.upperSum[channel, channel].isFinite } != false
  }

  /// Adds the sums over other tokens.
  mutating func merge(_ other: Mismatch) {
    crossSum.add(other.crossSum, times: 1)
    if let added = other.deviation { deviation?.merge(added) }
  }

  /// The sums for x / s and x̃ / s.
  func divided(by factors: [Float]) -> Mismatch {
    var result = self
    result.crossSum.parallelRowBlocks(of: 64) { rows, block in
      for i in rows {
        var row = block.mutableRow(i - rows.lowerBound)
        for j in row.indices { row[j] /= factors[i] * factors[j] }
      }
    }
    result.deviation = deviation?.divided(by: factors)
    return result
  }

  /// The sums with the rows and columns of some channels set to zero.
  func removing(channels: [Int]) -> Mismatch {
    var result = self
    for channel in channels {
      for i in 0..<crossSum.rows {
        result.crossSum[i, channel] = 0
        result.crossSum[channel, i] = 0
      }
    }
    result.deviation = deviation?.removing(channels: channels)
    return result
  }
}
