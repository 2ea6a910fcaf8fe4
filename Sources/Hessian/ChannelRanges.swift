public import LinearAlgebra

/// What calibration learned of the values of each input channel: their ranges and how they spread.
///
/// The size does not depend on the number of tokens, two of them merge, and every number can still
/// be divided by a factor of its channel (a smoothing factor, say) when calibration is over. Values
/// that are infinite or NaN are passed over: the second moment reports them.
public struct ChannelRanges: Sendable, Equatable {
  /// How far the moving averages go to each new batch: the constant of llm-compressor.
  public static let averagingConstant: Float = 0.01

  /// The number of channels n.
  public let channels: Int
  /// Whether a histogram is collected for each channel, of 1537 counts (6 KiB).
  public let collectsHistogram: Bool
  /// The number of tokens added so far.
  public private(set) var tokenCount = 0
  /// Sixteen channels each, the last one perhaps fewer.
  private var blocks: [ChannelBlock]

  /// Ranges of nothing yet.
  ///
  /// - Parameters:
  ///   - channels: n.
  ///   - collectsHistogram: whether to count the values in bins, which takes most of the time.
  public init(channels: Int, collectsHistogram: Bool = false) {
    self.channels = channels
    self.collectsHistogram = collectsHistogram
    let block = ChannelBlock(collectsHistogram: collectsHistogram)
    blocks = Array(repeating: block, count: (channels + 15) / 16)
  }

  /// Adds a batch: the rows of `x`, one per token.
  ///
  /// How tokens are cut into batches matters for the moving averages only.
  ///
  /// - Precondition: `x` has `channels` columns, and there are less than 2³² tokens in all.
  public mutating func add(_ x: Matrix) {
    precondition(x.columns == channels, "\(x.columns) channels into ranges of \(channels)")
    guard x.rows > 0 else { return }
    count(tokens: x.rows)
    let parts = blocks.count
    unsafe blocks.withUnsafeMutableBufferPointer { buffer in
      // Safety: each call changes the one block that it is given.
      nonisolated(unsafe) let buffer = unsafe buffer
      Threads.perform(parts) { unsafe buffer[$0].add(x, from: 16 * $0) }
    }
  }

  /// Adds what was learned of the same channels from other tokens.
  ///
  /// All is as if the tokens had been added here, except for the moving averages, which know an
  /// order of batches that two runs side by side do not have: they become the mean of both, weighted
  /// by tokens.
  ///
  /// - Precondition: both have the same channels, and both or none collect a histogram.
  public mutating func merge(_ other: ChannelRanges) {
    precondition(
      other.channels == channels && other.collectsHistogram == collectsHistogram,
      "ranges of other channels, or of another kind")
    guard other.tokenCount > 0 else { return }
    count(tokens: other.tokenCount)
    let share = Float(Double(other.tokenCount) / Double(tokenCount))
    for i in blocks.indices { blocks[i].merge(other.blocks[i], share: share) }
  }

  private mutating func count(tokens: Int) {
    tokenCount += tokens
    precondition(tokenCount <= UInt32.max, "\(tokenCount) tokens, more than a bin can count")
  }

  /// The smallest value of each channel; 0 for a channel without values.
  public var minima: [Float] { lanes { $0.minimum[$1] } }
  /// The largest value of each channel; 0 for a channel without values.
  public var maxima: [Float] { lanes { $0.maximum[$1] } }

  /// The moving average over batches of each channel's smallest value.
  ///
  ///     m ← m + 0.01·(m′ − m),  m′ that of the batch; the first batch sets m
  ///
  /// The largest of these averages is at most the average of the tensor's maximum, which
  /// llm-compressor keeps; the two agree where the same channel always has the maximum.
  public var movingMinima: [Float] { lanes { $0.movingMinimum[$1] } }
  /// The moving average over batches of each channel's largest value, likewise.
  public var movingMaxima: [Float] { lanes { $0.movingMaximum[$1] } }

  /// The mean magnitude of each channel, (1/T) Σₜ |xₜ|; 0 of no token.
  public var meanMagnitudes: [Float] {
    lanes { Float($0.magnitudeSum[$1] / Double(max(1, tokenCount))) }
  }

  /// The counts of a channel's log bins.
  func counts(of channel: Int) -> ArraySlice<UInt32> {
    let start = channel % 16 * LogBins.count
    return blocks[channel / 16].counts[start..<start + LogBins.count]
  }

  /// A number of each channel; those that are still infinite, since nothing was seen, become 0.
  private func lanes(_ number: (ChannelBlock, Int) -> Float) -> [Float] {
    (0..<channels).map {
      let value = number(blocks[$0 / 16], $0 % 16)
      return value.isFinite ? value : 0
    }
  }
}
