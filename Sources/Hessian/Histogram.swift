/// A histogram of bounded size: bins of one width on both sides of zero, up to ±R.
///
///     bin B + k:  kw ≤ x < (k + 1)w          bin B − 1 − k:  −(k + 1)w < x ≤ −kw,  x ≠ 0
///
/// with w = R/B. So the bins of one sign mirror those of the other, and their sums are exactly the
/// histogram of |x| on 0…R that NVIDIA's calibrators work on, with 2048 bins as there.
///
/// R need not be known beforehand: while a value is beyond it, R doubles and bins merge in pairs.
public struct Histogram: Sendable, Equatable {
  /// The number of bins on each side of zero, B.
  public let binsPerSide: Int
  /// The end of the last bin, R; 0 while every value was 0.
  public private(set) var limit = 0.0
  /// How many values are in each of the 2B bins, from −R to R.
  ///
  /// A histogram made from wider or narrower bins holds fractions.
  public private(set) var counts: [Double]
  /// From the smallest value (or 0) to the largest (or 0), exactly.
  public private(set) var extent: ClosedRange<Double> = 0...0

  /// A histogram of nothing yet.
  ///
  /// - Precondition: `binsPerSide` is even and positive.
  public init(binsPerSide: Int = 2048) {
    precondition(binsPerSide > 0 && binsPerSide.isMultiple(of: 2), "\(binsPerSide) bins")
    self.binsPerSide = binsPerSide
    counts = Array(repeating: 0, count: 2 * binsPerSide)
  }

  /// A histogram of nothing yet, for values whose range is known; 0 is in it.
  init(of extent: ClosedRange<Double>) {
    self.init()
    self.extent = extent
    limit = largestMagnitude
  }

  /// The largest |x|; 0 of nothing.
  public var largestMagnitude: Double { max(-extent.lowerBound, extent.upperBound) }

  /// The width of a bin, w.
  public var binWidth: Double { limit / Double(binsPerSide) }

  /// The number of all values.
  public var total: Double { counts.reduce(0, +) }

  /// The histogram of |x|: B bins from 0 to R.
  public var magnitudes: [Double] {
    (0..<binsPerSide).map { counts[binsPerSide + $0] + counts[binsPerSide - 1 - $0] }
  }

  /// Counts some values; those that are infinite or NaN are passed over.
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
  /// Exact where R and B of both are powers of two; else a bin is spread over those that it meets.
  public mutating func merge(_ other: Histogram) {
    include(other.extent)
    grow(to: other.limit)
    for (i, mass) in other.counts.enumerated() where mass > 0 {
      let low = Double(i - other.binsPerSide) * other.binWidth
      deposit(mass, low, low + other.binWidth)
    }
  }

  /// Spreads some mass evenly over the bins from `low` to `high`, which are within ±R.
  mutating func deposit(_ mass: Double, _ low: Double, _ high: Double) {
    let (first, last) = (bin(of: low), bin(of: high))
    guard first < last else {
      counts[first] += mass
      return
    }
    let density = mass / (high - low)
    // An end on the border of two bins may be rounded to the wrong side of it: never below 0.
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

  /// Doubles R until it is at least `end`; an R of 0 becomes that.
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
