internal import LinearAlgebra

/// The ranges themselves, one number per channel; 0 for a channel without values.
extension ChannelRanges {
  /// The smallest value of each channel.
  public var minima: [Float] { divided { $0.minimum[$1] } }
  /// The largest value of each channel.
  public var maxima: [Float] { divided { $0.maximum[$1] } }

  /// The moving average over batches of each channel's smallest value.
  ///
  ///     m ← m + 0.01·(m′ − m),  m′: that of the batch; the first batch sets m
  ///
  /// llm-compressor averages the extremes of the whole tensor. The largest of these averages is at
  /// most the average of the tensor's maximum, and equal to it if one channel always has the maximum.
  public var movingMinima: [Float] { divided { $0.movingMinimum[$1] } }
  /// The moving average over batches of each channel's largest value.
  public var movingMaxima: [Float] { divided { $0.movingMaximum[$1] } }

  /// The mean magnitude of each channel: (1/T) Σₜ |xₜ|.
  public var meanMagnitudes: [Float] {
    divided { Float($0.magnitudeSum[$1] / Double(max(1, tokenCount))) }
  }

  /// The largest magnitude of each channel: max |x|.
  public var maxMagnitudes: [Float] { divided { max(-$0.minimum[$1], $0.maximum[$1]) } }

  /// The range of 0 and all values.
  public var extent: ClosedRange<Double> {
    extent {
      $0.minimum[$1]
    } to: {
      $0.maximum[$1]
    }
  }

  /// The range of 0 and the moving averages.
  public var movingExtent: ClosedRange<Double> {
    extent {
      $0.movingMinimum[$1]
    } to: {
      $0.movingMaximum[$1]
    }
  }

  /// The histogram of all values.
  ///
  /// R is their largest magnitude. The values of a log bin are spread evenly over the bins that it
  /// covers, but not beyond the smallest and the largest value of their channel. So a value is off
  /// by at most a sixteenth of itself, in addition to the width of a bin.
  ///
  /// - Precondition: histograms were collected.
  /// - Complexity: O(channels · bins).
  public var histogram: Histogram {
    precondition(collectsHistogram, "no histogram was collected")
    var result = Histogram(of: extent)
    for channel in 0..<channels {
      let block = blocks[channel / 16]
      let (least, largest) = (
        Double(block.minimum[channel % 16]), Double(block.maximum[channel % 16])
      )
      let divisor = Double(divisors?[channel] ?? 1)
      let start = channel % 16 * LogBins.count
      for bin in 0..<LogBins.count where block.counts[start + bin] > 0 {
        let (low, high) = LogBins.range(of: bin)
        result.deposit(
          Double(block.counts[start + bin]), max(low, least) / divisor, min(high, largest) / divisor
        )
      }
    }
    return result
  }

  private func extent(
    _ low: (ChannelBlock, Int) -> Float, to high: (ChannelBlock, Int) -> Float
  ) -> ClosedRange<Double> {
    func divided(_ values: [Float]) -> [Double] {
      values.indices.map { Double(values[$0]) / Double(divisors?[$0] ?? 1) }
    }
    return divided(collected(low)).reduce(0, min)...divided(collected(high)).reduce(0, max)
  }

  private func divided(_ number: (ChannelBlock, Int) -> Float) -> [Float] {
    let values = collected(number)
    return divisors.map { zip(values, $0).map { $0 / $1 } } ?? values
  }

  /// A number of each channel before division; 0 while it is infinite, for lack of values.
  private func collected(_ number: (ChannelBlock, Int) -> Float) -> [Float] {
    (0..<channels).map {
      let value = number(blocks[$0 / 16], $0 % 16)
      return value.isFinite ? value : 0
    }
  }
}
