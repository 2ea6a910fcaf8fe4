/// The candidate ranges of a group when its range is searched.
public struct RangeSearch: Sendable, Hashable {
  /// What a candidate does with the ends of the range that covers all weights.
  public enum Ends: Sendable, Hashable {
    /// Both shrink in proportion: `p · [min w, max w]`.
    case together
    /// The magnitude is limited, so the longer end goes first: `[−p·max|w|, p·max|w|]` cut to the
    /// weights. AutoAWQ's clipping.
    case magnitude
  }

  /// By how much p goes down from candidate to candidate; the first is 1.
  public let step: Float
  /// How many candidates there are.
  public let count: Int
  /// What happens to the ends.
  public let ends: Ends

  /// A search over given candidates.
  ///
  /// - Precondition: p stays positive.
  public init(step: Float, count: Int, ends: Ends = .together) {
    precondition(count >= 1 && 1 - step * Float(count - 1) > 0, "\(count) steps of \(step)")
    self.step = step
    self.count = count
    self.ends = ends
  }

  /// Steps of 1 % down to a fifth: with few bits, one outlier may be worth cutting off that far.
  public static let fine = RangeSearch(step: 0.01, count: 81)
  /// Steps of 2.5 % down to a fifth: each costs a product with a block of the Hessian.
  public static let clipping = RangeSearch(step: 0.025, count: 33)
  /// Steps of 10 % down to 70 %: to tell apart what is quantized, not to choose the final grid.
  public static let coarse = RangeSearch(step: 0.1, count: 4)
  /// The clip search of AutoAWQ: 1.00, 0.95, … 0.55 of the largest magnitude.
  public static let autoAWQ = RangeSearch(step: 0.05, count: 10, ends: .magnitude)

  /// The shrink factors p, the largest first.
  public var factors: [Float] { (0..<count).map { 1 - step * Float($0) } }

  /// The range that a factor makes of the one that covers all weights.
  func range(_ factor: Float, of cover: ClosedRange<Float>) -> ClosedRange<Float> {
    switch ends {
    case .together: return factor * cover.lowerBound...factor * cover.upperBound
    case .magnitude:
      let limit = factor * max(-cover.lowerBound, cover.upperBound)
      return max(cover.lowerBound, -limit)...min(cover.upperBound, limit)
    }
  }
}
