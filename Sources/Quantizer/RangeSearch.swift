/// The candidate ranges of a group when its range is searched.
public struct RangeSearch: Sendable, Hashable {
  /// How a candidate shrinks the range that covers all weights.
  public enum Ends: Sendable, Hashable {
    /// Both ends shrink in proportion, `p · [min w, max w]`, or towards the end nearer to 0 where the
    /// range does not contain 0.
    case together
    /// The magnitude is limited, so that the longer end shrinks first: the part of the range within
    /// `[−p·max|w|, p·max|w|]`. This is AutoAWQ's clipping.
    case magnitude
  }

  /// The first factor p: 1 for the range that covers all weights.
  public let first: Float
  /// How much smaller each factor p is than the one before.
  public let step: Float
  /// The number of candidates.
  public let count: Int
  /// How a candidate shrinks the range.
  public let ends: Ends

  /// A search over given candidates.
  ///
  /// - Precondition: every factor is positive.
  public init(first: Float = 1, step: Float, count: Int, ends: Ends = .together) {
    precondition(count >= 1 && first - step * Float(count - 1) > 0, "\(count) steps of \(step)")
    self.first = first
    self.step = step
    self.count = count
    self.ends = ends
  }

  /// Steps of 1 % down to a fifth: with few bits, clipping an outlier may pay off that far.
  public static let fine = RangeSearch(step: 0.01, count: 81)
  /// Steps of 2.5 % down to a fifth: each costs a product with a block of the Hessian.
  public static let clipping = RangeSearch(step: 0.025, count: 33)
  /// Steps of 10 % down to 70 %, for comparing candidates of a transform, not for the final grid.
  public static let coarse = RangeSearch(step: 0.1, count: 4)
  /// Steps of 5 % from slightly more than all weights need down to 35 %, each of which costs a solve
  /// of the group; the neighbours of the best are tried after them.
  public static let solving = RangeSearch(first: 1.05, step: 0.05, count: 15)
  /// The clip search of AutoAWQ: 1.00, 0.95, … 0.55 of the largest magnitude.
  public static let autoAWQ = RangeSearch(step: 0.05, count: 10, ends: .magnitude)

  /// The shrink factors p, the largest first.
  public var factors: [Float] { (0..<count).map { first - step * Float($0) } }

  /// The range that covers all weights, shrunk by a factor.
  package func range(_ factor: Float, of cover: ClosedRange<Float>) -> ClosedRange<Float> {
    switch ends {
    case .together:
      let still = max(cover.lowerBound, min(0, cover.upperBound))
      return still + factor * (cover.lowerBound - still)...still
        + factor * (cover.upperBound - still)
    case .magnitude:
      let limit = factor * max(-cover.lowerBound, cover.upperBound)
      return max(-limit, min(cover.lowerBound, limit))...min(limit, max(cover.upperBound, -limit))
    }
  }
}
