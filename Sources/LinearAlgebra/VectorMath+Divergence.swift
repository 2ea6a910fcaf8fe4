// Comparisons of two rows of logits. A divergence is a small difference of large sums, so the sixteen
// lanes are added to doubles every few steps. That leaves only the rounding of single terms, which
// averages out.

extension VectorMath {
  /// The first of the largest elements; unspecified if there is a NaN.
  ///
  /// - Precondition: the span is not empty.
  public static func firstMaximum(_ a: Span<Float>) -> (index: Int, value: Float) {
    precondition(!a.isEmpty, "the maximum of an empty span")
    let best = maximum(a)
    let whole = a.count / 16 * 16
    var i = 0
    while i < whole && !any(a.lanes(at: i) .== best) { i += 16 }
    while i < a.count && a[i] != best { i += 1 }
    return (i < a.count ? i : 0, best)
  }

  /// The sums that make up the divergence of two softmaxes, each row relative to its own offset.
  ///
  /// With p = a − offset of a and q = b − offset of b: Σ exp pᵢ, Σ exp qᵢ, and Σ exp pᵢ·(pᵢ − qᵢ).
  /// The offsets should be the rows' maxima, so that no exponential overflows.
  ///
  /// - Precondition: the rows have the same length.
  public static func divergenceSums(
    _ a: Span<Float>, minus aOffset: Float, _ b: Span<Float>, minus bOffset: Float
  ) -> (a: Double, b: Double, difference: Double) {
    precondition(a.count == b.count, "rows of \(a.count) and \(b.count) logits")
    var sums = (a: 0.0, b: 0.0, difference: 0.0)
    let whole = a.count / 16 * 16
    for start in stride(from: 0, to: whole, by: 256) {
      var lanes = (a: Lanes.zero, b: Lanes.zero, difference: Lanes.zero)
      for i in stride(from: start, to: min(whole, start + 256), by: 16) {
        let (p, q) = (a.lanes(at: i) - aOffset, b.lanes(at: i) - bOffset)
        let weight = exponential(p)
        lanes.a += weight
        lanes.b += exponential(q)
        lanes.difference += weight * (p - q)
      }
      sums.a += Double(lanes.a.sum())
      sums.b += Double(lanes.b.sum())
      sums.difference += Double(lanes.difference.sum())
    }
    for i in whole..<a.count {
      let (p, q) = (a[i] - aOffset, b[i] - bOffset)
      let weight = exponential(Lanes(repeating: p))[0]
      sums.a += Double(weight)
      sums.b += Double(exponential(Lanes(repeating: q))[0])
      sums.difference += Double(weight * (p - q))
    }
    return sums
  }
}
