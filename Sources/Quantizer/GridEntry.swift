internal import LinearAlgebra

/// The scale and zero point of one group.
struct GridEntry: Sendable {
  var scale: Float
  var zeroPoint: UInt8

  /// The entry that the rule chooses for some weights.
  ///
  /// The range always contains 0, so that a weight of 0 stays 0. With p the shrink factor:
  ///
  ///     symmetric   s = 2p·max|w| / (2^b − 1)            z = 2^(b−1)
  ///     asymmetric  s = p·(max w − min w) / (2^b − 1)    z = round(−p·min w / s)
  init(for weights: Span<Float>, _ scheme: Scheme, _ rule: GridRule) {
    let (low, high) = Self.extent(of: weights, scheme)
    self.init(low: low, high: high, scheme, rule)
    guard rule.range == .squaredError, scale.isFinite, low < high else { return }
    var least = squaredError(of: weights, scheme)
    // 1 % steps down to a fifth: with few bits, one outlier may be worth cutting off that far.
    for step in 1...80 {
      let shrink = 1 - 0.01 * Float(step)
      let candidate = GridEntry(low: shrink * low, high: shrink * high, scheme, rule)
      let error = candidate.squaredError(of: weights, scheme)
      if error < least { (self, least) = (candidate, error) }
    }
  }

  private init(low: Float, high: Float, _ scheme: Scheme, _ rule: GridRule) {
    let steps = Float(scheme.largestCode)
    scale = Self.storable((high - low) / steps, rule.scaleFormat)
    if scheme.isSymmetric {
      zeroPoint = UInt8(scheme.middleCode)
      return
    }
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

  /// The ends of the range to cover, with 0 between them.
  ///
  /// The weights are finite.
  private static func extent(of weights: Span<Float>, _ scheme: Scheme) -> (Float, Float) {
    var (low, high): (Float, Float) = (0, 0)
    for i in weights.indices {
      low = min(low, weights[i])
      high = max(high, weights[i])
    }
    guard scheme.isSymmetric else { return (low, high) }
    let largest = max(-low, high)
    return (-largest, largest)
  }

  /// The nearest scale that the format holds, never zero; 1 for a group of zeros.
  private static func storable(_ scale: Float, _ format: FloatFormat) -> Float {
    if scale == 0 { return 1 }
    let rounded = format.rounded(scale)
    return rounded == 0 ? format.rounded(format.leastPositive) : rounded
  }

  /// Σ (ŵ − w)² over the group.
  ///
  /// The search runs this for every candidate, so it multiplies with 1/s where rounding divides by
  /// s. The two differ for weights within a rounding error of a tie, whose error is the same.
  private func squaredError(of weights: Span<Float>, _ scheme: Scheme) -> Float {
    let (scale, inverse) = (Lanes(repeating: scale), Lanes(repeating: 1 / scale))
    let low = Lanes(repeating: -Float(zeroPoint))
    let high = Lanes(repeating: Float(scheme.largestCode) - Float(zeroPoint))
    var sum = Lanes.zero
    var i = 0
    while i + 16 <= weights.count {
      let w = weights.lanes(at: i)
      let error = (w * inverse).limited(low, high).roundedToInteger * scale - w
      sum += error * error
      i += 16
    }
    var tail: Float = 0
    while i < weights.count {
      let w = Lanes(repeating: weights[i])
      let error = ((w * inverse).limited(low, high).roundedToInteger * scale - w)[0]
      tail += error * error
      i += 1
    }
    return sum.sum() + tail
  }
}
