public import LinearAlgebra

/// Some of the tokens of an input, evenly spread over all of them however many come.
///
/// Losses that are no function of the second moments (rounded activations, the output of a whole
/// attention) are measured on these. Every `stride`-th token is kept; when twice the limit is
/// reached, every other one goes and the stride doubles. So the sample depends on the tokens only,
/// not on the chunks that they came in.
public struct TokenSample: Sendable {
  /// The smallest number of rows that are kept once so many came.
  public static let limit = 256

  private let channels: Int
  private var elements: [Float] = []
  private var stride = 1
  private var seen = 0

  /// A sample of nothing yet.
  public init(channels: Int) { self.channels = channels }

  /// The rows that are kept, in the order in which they came.
  public var rows: Matrix {
    Matrix(rows: count, columns: channels, elements: elements)
  }

  /// Offers the rows of `x`, one per token.
  public mutating func add(_ x: Matrix) {
    for row in 0..<x.rows {
      if seen.isMultiple(of: stride) {
        let values = x.row(row)
        elements.reserveCapacity(2 * Self.limit * channels)
        for j in values.indices { elements.append(values[j]) }
        if count == 2 * Self.limit { thinOut() }
      }
      seen += 1
    }
  }

  /// The same tokens with each channel divided by a factor.
  public func divided(by factors: [Float]) -> TokenSample {
    var result = self
    for i in elements.indices { result.elements[i] /= factors[i % channels] }
    return result
  }

  private var count: Int { channels > 0 ? elements.count / channels : 0 }

  /// Keeps the first of every two rows.
  private mutating func thinOut() {
    for row in 0..<Self.limit {
      for j in 0..<channels { elements[row * channels + j] = elements[2 * row * channels + j] }
    }
    elements.removeLast(Self.limit * channels)
    stride *= 2
  }
}
