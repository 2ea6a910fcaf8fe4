/// A histogram of fixed size: bins of equal width on both sides of zero, up to ±R.
///
///     bin B + k:  kw ≤ x < (k + 1)w          bin B − 1 − k:  −(k + 1)w < x ≤ −kw,  x ≠ 0
///
/// with w = R/B. The bins of one sign mirror those of the other, and their sums are exactly the
/// histogram of |x| on 0…R that NVIDIA's calibrators use, which has 2048 bins as well.
///
/// R need not be known in advance: as long as a value is beyond it, R doubles and bins merge in pairs.
public struct Histogram: Sendable, Equatable {
  /// The number of bins on each side of zero, B.
  public let binsPerSide: Int
  /// The end of the last bin, R; 0 as long as every value is 0.
  public private(set) var limit = 0.0
  /// The number of values in each of the 2B bins, from −R to R.
  ///
  /// In a histogram that was made from bins of another width, these are fractions.
  public private(set) var counts: [Double]
  /// The exact range of 0 and all values.
  public private(set) var extent: ClosedRange<Double> = 0...0

  /// An empty histogram.
  ///
  /// - Precondition: `binsPerSide` is even and positive.
  public init(binsPerSide: Int = 2048) {
    precondition(binsPerSide > 0 && binsPerSide.isMultiple(of: 2), "\(binsPerSide) bins")
    self.binsPerSide = binsPerSide
    counts = Array(repeating: 0, count: 2 * binsPerSide)
  }

  /// An empty histogram for values whose range is known and contains 0.
  init(of extent: ClosedRange<Double>) {
    self.init()
    self.extent = extent
    limit = largestMagnitude
  }

  /// The largest |x|; 0 if there are no values.
  public var largestMagnitude: Double { max(-extent.lowerBound, extent.upperBound) }

  /// The width of a bin, w.
  public var binWidth: Double { limit / Double(binsPerSide) }

  /// The number of values.
  public var total: Double { counts.reduce(0, +) }

  /// The histogram of |x|: B bins from 0 to R.
  public var magnitudes: [Double] {
    (0..<binsPerSide).map { counts[binsPerSide + $0] + counts[binsPerSide - 1 - $0] }
  }

  /// Counts values, skipping those that are infinite or NaN.
  ///
  /// R becomes the least power of two above all of them, so that histograms merge exactly.
  public mutating func add(_ values: Span<Float>) {
    for i in values.indices where values[i].isFinite {
      let value = Double(values[i])
      include(value...value)
      grow(to: abs(values[i]).powerOfTwoAbove)
      counts[bin(of: value)] += 1
    }
  }

  /// Adds the values of another histogram.
  ///
  /// Exact if R and B are powers of two in both; otherwise each bin is spread over those it overlaps.
  public mutating func merge(_ other: Histogram) {
    include(other.extent)
    grow(to: other.limit)
    for (i, mass) in other.counts.enumerated() where mass > 0 {
      let low = Double(i - other.binsPerSide) * other.binWidth
      deposit(mass, low, low + other.binWidth)
    }
  }

  /// Spreads a mass evenly over the bins from `low` to `high`, both within ±R.
  mutating func deposit(_ mass: Double, _ low: Double, _ high: Double) {
    let (first, last) = (bin(of: low), bin(of: high))
    guard first < last else {
      counts[first] += mass
      return
    }
    let density = mass / (high - low)
    // Rounding may put an end that lies on an edge on the wrong side of it, hence the max.
    let border = Double(first + 1 - binsPerSide) * binWidth
    counts[first] += density * max(0, border - low)
    for i in first + 1..<last { counts[i] += density * binWidth }
    counts[last] += density * max(0, high - Double(last - binsPerSide) * binWidth)
  }

  /// The bin of a value; the outermost one for a value beyond ±R.
  private func bin(of value: Double) -> Int {
    guard limit > 0 else { return binsPerSide }
    let k = Int(min(Double(binsPerSide - 1), abs(value) / binWidth))
    return value < 0 ? binsPerSide - 1 - k : binsPerSide + k
  }

  private mutating func include(_ range: ClosedRange<Double>) {
    let low = min(extent.lowerBound, range.lowerBound)
    extent = low...max(extent.upperBound, range.upperBound)
  }

  /// Doubles R until it is at least `end`; an R of 0 becomes `end`.
  private mutating func grow(to end: Double) {
    if limit == 0 { limit = end }
    while limit < end {
      limit *= 2
      var merged = [Double](repeating: 0, count: counts.count)
      for k in 0..<binsPerSide {
        merged[binsPerSide + k / 2] += counts[binsPerSide + k]
        merged[binsPerSide - 1 - k / 2] += counts[binsPerSide - 1 - k]
      }
      counts = merged
    }
  }
}

extension Float {
  /// The least power of two above a positive number; 0 for 0.
  fileprivate var powerOfTwoAbove: Double {
    self > 0 ? Double(sign: .plus, exponent: Int(exponent) + 1, significand: 1) : 0
  }
}
