public import Hessian

/// How the range of a static activation quantizer is chosen from calibration data.
///
/// The range of a symmetric quantizer is −m…m; that of an asymmetric one contains 0. Both cover the
/// whole tensor: one scale serves all tokens and channels.
public enum Observer: Sendable, Hashable {
  /// From the smallest value to the largest.
  case minMax
  /// From the moving average of the smallest value to that of the largest, over batches.
  case movingAverage
  /// The smallest range that holds this percentage of the values, cut alike at both ends.
  case percentile(Double)
  /// The range with the least sum of squared rounding and clipping errors.
  case squaredError
  /// The range whose quantized histogram has the least Kullback-Leibler divergence from the
  /// original.
  case entropy

  /// The name in reports.
  public var name: String {
    switch self {
    case .minMax: "min-max"
    case .movingAverage: "moving-average"
    case .percentile(let percentage): "percentile:\(percentage)"
    case .squaredError: "squared-error"
    case .entropy: "entropy"
    }
  }

  /// Whether the observer needs a histogram.
  public var needsHistogram: Bool {
    switch self {
    case .minMax, .movingAverage: false
    case .percentile, .squaredError, .entropy: true
    }
  }

  /// The range for an input.
  ///
  /// - Parameters:
  ///   - ranges: what calibration recorded about the input.
  ///   - bits: the number of bits b of the quantizer.
  ///   - symmetric: whether the range is −m…m.
  /// - Returns: the range; 0…0 if there are no values, or only zeros.
  /// - Precondition: `ranges` collected a histogram if one is needed; b is in 2...8.
  public func range(
    of ranges: ChannelRanges, bits: Int, symmetric: Bool
  ) -> ClosedRange<Float> {
    switch self {
    case .minMax: Self.range(ranges.extent, symmetric)
    case .movingAverage: Self.range(ranges.movingExtent, symmetric)
    case .percentile, .squaredError, .entropy:
      range(of: ranges.histogram, bits: bits, symmetric: symmetric)
    }
  }

  /// The range for the values of a histogram.
  ///
  /// - Precondition: the observer is not the moving average, since a histogram does not know
  ///   batches; b is in 2...8.
  public func range(of histogram: Histogram, bits: Int, symmetric: Bool) -> ClosedRange<Float> {
    precondition((2...8).contains(bits), "activations of \(bits) bits")
    guard histogram.limit > 0 else { return 0...0 }
    switch self {
    case .minMax: return Self.range(histogram.extent, symmetric)
    case .movingAverage: preconditionFailure("a histogram has no moving average")
    case .percentile(let percentage):
      return Self.range(histogram.extent(holding: percentage, symmetric: symmetric), symmetric)
    case .squaredError:
      let search = SquaredErrorSearch(histogram, bits: bits)
      return Self.range(symmetric ? search.symmetricRange() : search.range(), symmetric)
    case .entropy:
      return Self.range(histogram.leastDivergentRange(bits: bits, symmetric: symmetric), symmetric)
    }
  }

  /// The range in single precision, extended to contain 0, and made symmetric if required.
  private static func range(_ range: ClosedRange<Double>, _ symmetric: Bool) -> ClosedRange<Float> {
    func rounded(_ value: Double) -> Float {
      Float(min(value, Double(Float.greatestFiniteMagnitude)))
    }
    let (low, high) = (rounded(max(0, -range.lowerBound)), rounded(max(0, range.upperBound)))
    guard symmetric else { return 0 - low...high }
    return 0 - max(low, high)...max(low, high)
  }
}
