internal import LinearAlgebra

/// The scale and zero point of one group.
struct GridEntry: Sendable {
  var scale: Float
  var zeroPoint: UInt8

  /// The entry whose grid covers a range that contains 0, so that a weight of 0 stays 0.
  ///
  ///     symmetric   s = 2·max(−low, high) / (2^b − 1)    z = 2^(b−1)
  ///     asymmetric  s = (high − low) / (2^b − 1)         z = round(−low / s)
  init(covering range: ClosedRange<Float>, _ scheme: Scheme, _ rule: GridRule) {
    let (low, high) = (range.lowerBound, range.upperBound)
    let steps = Float(scheme.largestCode)
    if scheme.isSymmetric {
      scale = Self.storable(2 * max(-low, high) / steps, rule.scaleFormat)
      zeroPoint = UInt8(scheme.middleCode)
      return
    }
    scale = Self.storable((high - low) / steps, rule.scaleFormat)
    let floor = rule.smallestZeroPoint
    guard scale.isFinite else {
      // The caller reports it; no other scale may take its place.
      zeroPoint = UInt8(floor)
      return
    }
    var zero = (-low / scale).rounded(.toNearestOrEven)
    if zero < Float(floor) {
      // The codes below the zero point are lost to such a group; the others must span it.
      scale = Self.storable(high / (steps - Float(floor)), rule.scaleFormat)
      zero = Float(floor)
    }
    zeroPoint = UInt8(min(zero, steps))
  }

  /// The entry that a rule without a Hessian chooses for some weights; `importance` has a factor
  /// for each error, or nothing.
  init(for weights: Span<Float>, importance: Span<Float>?, _ scheme: Scheme, _ rule: GridRule) {
    let cover = Self.cover(of: weights)
    self.init(covering: cover, scheme, rule)
    guard rule.range != .minMax, scale.isFinite, cover.lowerBound < cover.upperBound else { return }
    var least = Float.infinity
    for factor in rule.search.factors {
      let candidate = GridEntry(covering: rule.search.range(factor, of: cover), scheme, rule)
      let error = candidate.squaredError(of: weights, importance, scheme)
      if error < least { (self, least) = (candidate, error) }
    }
  }

  /// The smallest range that contains some finite weights and 0.
  static func cover(of weights: Span<Float>) -> ClosedRange<Float> {
    var (low, high): (Float, Float) = (0, 0)
    for i in weights.indices {
      low = min(low, weights[i])
      high = max(high, weights[i])
    }
    return low...high
  }

  /// The nearest scale that the format holds, never zero; 1 for a group of zeros.
  private static func storable(_ scale: Float, _ format: FloatFormat) -> Float {
    if scale == 0 { return 1 }
    let rounded = format.rounded(scale)
    return rounded == 0 ? format.rounded(format.leastPositive) : rounded
  }

  /// The error of weights rounded on this grid: ŵ − w.
  ///
  /// Searches run this for every candidate, so it multiplies with 1/s where rounding divides by s.
  /// The two differ for weights within a rounding error of a tie, whose error is the same.
  @inline(__always)
  func error(of w: Lanes, _ scheme: Scheme) -> Lanes {
    let low = Lanes(repeating: -Float(zeroPoint))
    let high = Lanes(repeating: Float(scheme.largestCode) - Float(zeroPoint))
    return (w * (1 / scale)).limited(low, high).roundedToInteger * scale - w
  }

  /// Σ m (ŵ − w)² over the group.
  private func squaredError(
    of weights: Span<Float>, _ importance: Span<Float>?, _ scheme: Scheme
  ) -> Float {
    var sum = Lanes.zero
    var i = 0
    while i + 16 <= weights.count {
      let error = error(of: weights.lanes(at: i), scheme)
      if let importance {
        sum += error * error * importance.lanes(at: i)
      } else {
        sum += error * error
      }
      i += 16
    }
    var tail: Float = 0
    while i < weights.count {
      let error = error(of: Lanes(repeating: weights[i]), scheme)[0]
      tail += error * error * (importance?[i] ?? 1)
      i += 1
    }
    return sum.sum() + tail
  }
}
