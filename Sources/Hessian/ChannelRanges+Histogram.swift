internal import LinearAlgebra

extension ChannelRanges {
  /// The range of 0 and all values, each divided by its channel's factor.
  ///
  /// - Precondition: the factors are positive and finite, one for each channel.
  public func extent(dividedBy factors: [Float]? = nil) -> ClosedRange<Double> {
    extent(minima, maxima, factors)
  }

  /// The range of 0 and the moving averages, each divided by its channel's factor.
  ///
  /// - Precondition: the factors are positive and finite, one for each channel.
  public func movingExtent(dividedBy factors: [Float]? = nil) -> ClosedRange<Double> {
    extent(movingMinima, movingMaxima, factors)
  }

  /// The histogram of all values, each divided by its channel's factor.
  ///
  /// R is the largest magnitude of them. A log bin is spread evenly over the bins that it covers,
  /// but not beyond its channel's smallest and largest value. So a value is off by at most a
  /// sixteenth of itself, beside the width of a bin.
  ///
  /// - Precondition: histograms were collected; the factors are positive and finite, one for each
  ///   channel.
  /// - Complexity: O(channels · bins).
  public func histogram(dividedBy factors: [Float]? = nil) -> Histogram {
    precondition(collectsHistogram, "no histogram was collected")
    var result = Histogram(of: extent(dividedBy: factors))
    let (minima, maxima) = (minima, maxima)
    for channel in 0..<channels {
      let (least, largest) = (Double(minima[channel]), Double(maxima[channel]))
      let factor = Double(factors?[channel] ?? 1)
      for (bin, count) in counts(of: channel).enumerated() where count > 0 {
        let (low, high) = LogBins.range(of: bin)
        result.deposit(Double(count), max(low, least) / factor, min(high, largest) / factor)
      }
    }
    return result
  }

  private func extent(
    _ minima: [Float], _ maxima: [Float], _ factors: [Float]?
  ) -> ClosedRange<Double> {
    if let factors {
      precondition(factors.count == channels, "\(factors.count) factors for \(channels) channels")
      precondition(factors.allSatisfy { $0 > 0 && $0.isFinite }, "a factor is not positive")
    }
    func divided(_ values: [Float]) -> [Double] {
      values.indices.map { Double(values[$0]) / Double(factors?[$0] ?? 1) }
    }
    return divided(minima).reduce(0, min)...divided(maxima).reduce(0, max)
  }
}
