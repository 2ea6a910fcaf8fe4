public import LinearAlgebra

/// Channels of an input that were infinite or NaN, or so large that float32 does not hold the sum of their squares.
public struct NonFiniteInput: Sendable, Hashable {
  /// The zero-based channels.
  public let channels: [Int]
  /// The first token where one was so, counted from 0 over those that read the input; nil if it is not known.
  public let token: Int?

  /// Channels, and the token where it began.
  public init(channels: [Int], token: Int?) {
    self.channels = channels
    self.token = token
  }

  /// What was found, in words.
  ///
  /// - Parameter tokens: what the tokens belong to, as in "the calibration".
  /// - Returns: a sentence without its end.
  public func description(of tokens: String) -> String {
    "input channel \(channels.first ?? 0)"
      + (channels.count > 1 ? " and \(channels.count - 1) more were" : " was")
      + " infinite, NaN or too large to square, "
      + (token.map { "first at token \($0) of \(tokens)" } ?? "in \(tokens)")
  }
}

extension NonFiniteInput {
  /// The channels of tokens `[T, n]` whose squares have no sum in float32; nil if all have one.
  public init?(in x: Matrix) {
    var sums = [Float](repeating: 0, count: x.columns)
    for token in 0..<x.rows {
      let row = x.row(token)
      for j in row.indices { sums[j] += row[j] * row[j] }
    }
    let bad = sums.indices.filter { !sums[$0].isFinite }
    guard !bad.isEmpty else { return nil }
    self.init(channels: bad, token: Self.firstToken(in: [x]))
  }

  /// The first token with a channel that float32 cannot square in any of the chunks; nil if there is none.
  fileprivate static func firstToken(in chunks: [Matrix]) -> Int? {
    (0..<(chunks.first?.rows ?? 0)).first { token in
      chunks.contains { chunk in
        let row = chunk.row(token)
        return row.indices.contains { !(row[$0] * row[$0]).isFinite }
      }
    }
  }
}

extension InputStatistics {
  /// What no solver can work with; nil if all sums are finite.
  ///
  /// An infinite or NaN input always reaches its own diagonal element, here or, where the mismatch was collected,
  /// in the full-precision model. So no other is looked at.
  public var nonFinite: NonFiniteInput? {
    let bad = (0..<channels).filter {
      !secondMoment.upperSum[$0, $0].isFinite || mismatch?.isFinite(channel: $0) == false
    }
    return bad.isEmpty ? nil : NonFiniteInput(channels: bad, token: nonFiniteToken)
  }

  /// Notes the first token after which a sum is not finite, once its chunk has been added.
  mutating func noteNonFinite(in x: Matrix, _ reference: Matrix?) {
    guard nonFiniteToken == nil, nonFinite != nil else { return }
    // Where no square exceeds float32 but their sum does, none is the first.
    let first = NonFiniteInput.firstToken(in: [x, reference].compactMap(\.self)) ?? 0
    nonFiniteToken = tokenCount - x.rows + first
  }
}
