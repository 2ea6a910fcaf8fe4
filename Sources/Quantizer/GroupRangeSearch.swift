internal import LinearAlgebra

/// The range of one group of weights, chosen from that group's own errors.
struct GroupRangeSearch<Kernel: RoundingKernel>: Sendable {
  private let kernel: Kernel
  private let rule: GridRule
  private let scheme: Scheme
  private let factors: [Float]

  /// A search; the kernel is that of the scheme's points, with any scale.
  init(_ kernel: Kernel, _ rule: GridRule, _ scheme: Scheme) {
    (self.kernel, self.rule, self.scheme) = (kernel, rule, scheme)
    factors = rule.search.factors
  }

  /// The range whose squared errors, each times its importance, have the least sum; the range that
  /// covers the weights where the rule does not search.
  func range(for weights: Span<Float>, importance: Span<Float>?) -> ClosedRange<Float> {
    let cover = scheme.range(of: weights)
    guard rule.range != .minMax, cover.lowerBound < cover.upperBound,
      rule.encoding.entry(covering: cover, scheme).scale.isFinite
    else { return cover }
    var best = cover
    var least = Float.infinity
    for factor in factors {
      let range = rule.search.range(factor, of: cover)
      let error = squaredError(
        of: weights, importance, kernel.at(rule.encoding.entry(covering: range, scheme)))
      if error < least { (best, least) = (range, error) }
    }
    return best
  }

  /// Σ m (ŵ − w)² over the group; without importance, m = 1.
  private func squaredError(
    of weights: Span<Float>, _ importance: Span<Float>?, _ kernel: Kernel
  ) -> Float {
    var sum = Lanes.zero
    var i = 0
    while i + 16 <= weights.count {
      let error = kernel.error(of: weights.lanes(at: i))
      if let importance {
        sum += error * error * importance.lanes(at: i)
      } else {
        sum += error * error
      }
      i += 16
    }
    var tail: Float = 0
    while i < weights.count {
      let error = kernel.error(of: Lanes(repeating: weights[i]))[0]
      tail += error * error * (importance?[i] ?? 1)
      i += 1
    }
    return sum.sum() + tail
  }
}

extension Scheme {
  /// The smallest range that contains some finite weights, and 0 unless points have a
  /// floating-point offset: a weight of 0 stays 0 on all other grids.
  func range(of weights: Span<Float>) -> ClosedRange<Float> {
    let start = points == .offset && !weights.isEmpty ? weights[0] : 0
    var (low, high) = (start, start)
    for i in weights.indices {
      low = min(low, weights[i])
      high = max(high, weights[i])
    }
    return low...high
  }
}
