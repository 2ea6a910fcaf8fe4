public import LinearAlgebra

/// Some of the tokens of an input, spread evenly over all of them.
///
/// Losses that do not follow from the second moment (those of rounded activations, or of the output
/// of a whole attention) are measured on these. Every `stride`-th token is kept. When the sample
/// reaches twice its limit, every other row is dropped and the stride doubles, so the sample depends
/// on the tokens alone and not on the chunks they arrive in.
public struct TokenSample: Sendable, Equatable {
  /// The smallest number of rows kept, once that many tokens have been seen.
  public static let limit = 256

  private let channels: Int
  private var elements: [Float] = []
  private var stride = 1
  /// The number of tokens offered so far.
  private var seen = 0

  /// An empty sample.
  public init(channels: Int) { self.channels = channels }

  /// The sample of `tokenCount` tokens that consists of these rows.
  ///
  /// - Precondition: there are ``rowCount(of:)`` rows.
  init(rows: Matrix, tokenCount: Int) {
    precondition(rows.rows == Self.rowCount(of: tokenCount), "\(rows.rows) of \(tokenCount) tokens")
    channels = rows.columns
    elements = rows.elements
    stride = Self.stride(for: tokenCount)
    seen = tokenCount
  }

  /// The sampled rows in the order of the tokens: 256 to 511, or all tokens if there are fewer.
  public var rows: Matrix { Matrix(rows: count, columns: channels, elements: elements) }

  /// Offers the rows of `x`, one per token.
  public mutating func add(_ x: Matrix) {
    for row in 0..<x.rows {
      if seen.isMultiple(of: stride) { append(x.row(row)) }
      seen += 1
      if count == 2 * Self.limit { thinOut() }
    }
  }

  /// Adds the sample of the tokens that follow these.
  ///
  /// The result is exactly the sample of a single pass if the number of tokens seen here is a multiple
  /// of the other sample's stride: always when that has at most 511 tokens, all of which it keeps, and
  /// in general for windows whose length is a power of two. Otherwise each row that a single pass
  /// would keep is replaced by the next one that the other sample has, so the rows are still spread
  /// evenly.
  ///
  /// - Precondition: both have the same channels.
  public mutating func merge(_ other: TokenSample) {
    precondition(other.channels == channels, "samples of different channels")
    let total = seen + other.seen
    let wide = Self.stride(for: total)
    while stride < wide { thinOut() }
    let rows = other.rows
    let first = (wide - seen % wide) % wide
    for position in Swift.stride(from: first, to: other.seen, by: wide) {
      let next = (position + other.stride - 1) / other.stride
      append(rows.row(min(next, rows.rows - 1)))
    }
    seen = total
  }

  /// The same tokens with each channel divided by a factor.
  public func divided(by factors: [Float]) -> TokenSample {
    var result = self
    for i in elements.indices { result.elements[i] /= factors[i % channels] }
    return result
  }

  /// The same tokens with some channels set to zero.
  func removing(channels removed: [Int]) -> TokenSample {
    var result = self
    for start in Swift.stride(from: 0, to: elements.count, by: max(1, channels)) {
      for channel in removed { result.elements[start + channel] = 0 }
    }
    return result
  }

  /// The number of rows in the sample of a given number of tokens.
  static func rowCount(of tokens: Int) -> Int {
    let stride = stride(for: tokens)
    return tokens / stride + (tokens.isMultiple(of: stride) ? 0 : 1)
  }

  /// The least power of two that keeps fewer rows than twice the limit.
  private static func stride(for tokens: Int) -> Int {
    var stride = 1
    while (tokens - 1) / stride + 1 >= 2 * limit { stride *= 2 }
    return stride
  }

  private var count: Int { (seen + stride - 1) / stride }

  private mutating func append(_ row: Span<Float>) {
    elements.reserveCapacity(2 * Self.limit * channels)
    for j in row.indices { elements.append(row[j]) }
  }

  /// Keeps the first of every two rows.
  private mutating func thinOut() {
    stride *= 2
    for row in 0..<count {
      for j in 0..<channels { elements[row * channels + j] = elements[2 * row * channels + j] }
    }
    elements.removeLast(elements.count - count * channels)
  }
}
