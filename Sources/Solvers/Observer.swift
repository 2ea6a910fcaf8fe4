public import Hessian

/// How the range of a static activation quantizer is chosen from what calibration saw.
///
/// The range of a symmetric quantizer is −m…m; that of an asymmetric one contains 0. Both cover the
/// whole tensor: one scale serves all tokens and channels.
public enum Observer: Sendable, Hashable {
  /// From the smallest value to the largest.
  case minMax
  /// From the moving average of the smallest value to that of the largest, over batches.
  case movingAverage
  /// As much as this percentage of the values needs; what is cut is cut at both ends alike.
  case percentile(Double)
  /// The range whose rounding and clipping errors have the least sum of squares.
  case squaredError
  /// The range whose quantized histogram diverges least from the histogram (Kullback and Leibler).
  case entropy

  /// What it is called in reports.
  public var name: String {
    switch self {
    case .minMax: "min-max"
    case .movingAverage: "moving-average"
    case .percentile(let percentage): "percentile:\(percentage)"
    case .squaredError: "squared-error"
    case .entropy: "entropy"
    }
  }

  /// Whether it needs a histogram to be collected.
  public var needsHistogram: Bool {
    switch self {
    case .minMax, .movingAverage: false
    case .percentile, .squaredError, .entropy: true
    }
  }

  /// The range for some input.
  ///
  /// - Parameters:
  ///   - ranges: what calibration learned of the input.
  ///   - bits: the number of bits b of the quantizer.
  ///   - symmetric: whether the range is −m…m.
  /// - Returns: the range; 0…0 for no values, and for zeros only.
  /// - Precondition: `ranges` collected a histogram if one is needed; b is in
  ///   2...8.
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
  /// - Precondition: this is not the moving average, since a histogram knows no batches; b is in
  ///   2...8.
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

  /// The range in single precision, with 0 in it, and made even on both sides if it must be.
  private static func range(_ range: ClosedRange<Double>, _ symmetric: Bool) -> ClosedRange<Float> {
    func rounded(_ value: Double) -> Float {
      Float(min(value, Double(Float.greatestFiniteMagnitude)))
    }
    let (low, high) = (rounded(max(0, -range.lowerBound)), rounded(max(0, range.upperBound)))
    guard symmetric else { return 0 - low...high }
    return 0 - max(low, high)...max(low, high)
  }
}
