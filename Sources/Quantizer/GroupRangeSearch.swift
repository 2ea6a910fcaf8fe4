internal import LinearAlgebra

/// The range of one group of weights, chosen from that group's own errors.
struct GroupRangeSearch<Kernel: RoundingKernel>: Sendable {
  private let kernel: Kernel
  private let scheme: Scheme
  private let rule: GridRule.Range
  private let encoding: any GridEncoding
  private let search: RangeSearch
  private let factors: [Float]
  private let lastCode: Float

  /// A search; the kernel is that of the scheme's points, with any scale.
  init(_ kernel: Kernel, _ rule: GridRule, _ scheme: Scheme) {
    (self.kernel, self.scheme) = (kernel, scheme)
    (self.rule, encoding, search) = (rule.range, rule.encoding, rule.search)
    factors = rule.range.isSearched ? search.factors : []
    lastCode = Float(scheme.largestCode)
  }

  /// The range whose squared errors, each times its importance, have the least sum; the range that
  /// covers the weights, or reaches to their mean magnitude, where the rule does not search.
  func range(for weights: Span<Float>, importance: Span<Float>?) -> ClosedRange<Float> {
    if rule == .absMean { return weights.meanMagnitudes }
    let cover = scheme.range(of: weights)
    guard cover.lowerBound < cover.upperBound, !factors.isEmpty,
      encoding.entry(covering: cover, scheme).scale.isFinite
    else { return cover }
    var best = cover
    var least = Float.infinity
    let magnitude = max(-cover.lowerBound, cover.upperBound)
    // Beyond this, whatever the points are, the largest weight alone costs more than the best range so far.
    let reach = cover.contains(0) && importance == nil ? overreach(magnitude) : .infinity
    for factor in factors {
      let clipped = (1 - factor) * magnitude - reach
      if clipped > 0, clipped * clipped > least { break }
      let range = search.range(factor, of: cover)
      let entry = encoding.entry(covering: range, scheme)
      // Where one weight is clipped so far that it alone costs more, the others need no sum.
      if importance == nil, clippingError(of: cover, entry) > least { continue }
      let error = kernel.at(entry).squaredError(of: weights, importance)
      if error < least { (best, least) = (range, error) }
    }
    return best
  }

  private func overreach(_ magnitude: Float) -> Float {
    encoding.overreach(within: magnitude, scheme) ?? .infinity
  }

  /// The squared error of that end of a group which is further outside the points; 0 where both are
  /// inside.
  ///
  /// It is one of the terms of ``RoundingKernel/squaredError(of:_:)``, bit for bit, and so never above the sum.
  @inline(__always)
  private func clippingError(of cover: ClosedRange<Float>, _ entry: GridEntry) -> Float {
    let (first, last) = (kernel.value(of: 0, entry), kernel.value(of: lastCode, entry))
    let excess = max(0, first - cover.lowerBound, cover.upperBound - last)
    return excess * excess
  }
}

extension Scheme {
  /// The smallest range that contains some finite weights, and 0 unless points have a
  /// floating-point offset: a weight of 0 stays 0 on all other grids.
  package func range(of weights: Span<Float>) -> ClosedRange<Float> {
    let extent = VectorMath.extent(weights)
    return points == .offset ? extent : min(0, extent.lowerBound)...max(0, extent.upperBound)
  }
}

extension Span<Float> {
  /// The range as far as the mean magnitude on both sides.
  fileprivate var meanMagnitudes: ClosedRange<Float> {
    var sum = 0.0
    for i in indices { sum += Double(abs(self[i])) }
    let mean = Float(sum / Double(Swift.max(1, count)))
    return -mean...mean
  }
}
