public import LinearAlgebra

/// The range of each input channel, and how its values spread.
///
/// The size does not depend on the number of tokens, and each channel can still be divided by a
/// factor (such as a smoothing factor) after calibration. Infinite and NaN values are skipped; the
/// second moment reports them.
public struct ChannelRanges: Sendable, Equatable {
  /// The weight of a new batch in the moving averages, which is that of llm-compressor.
  public static let averagingConstant: Float = 0.01

  /// The number of channels n.
  public let channels: Int
  /// Whether a histogram of 1537 counts (6 KiB) is collected for each channel.
  public let collectsHistogram: Bool
  /// The number of tokens added so far.
  public private(set) var tokenCount = 0
  /// The factor that each channel has been divided by since it was collected, or nil for none.
  public private(set) var divisors: [Float]?
  /// Sixteen channels each; the last one may have fewer.
  var blocks: [ChannelBlock]

  /// Empty ranges.
  ///
  /// - Parameters:
  ///   - channels: n.
  ///   - collectsHistogram: whether to count the values in bins, which takes most of the time.
  public init(channels: Int, collectsHistogram: Bool = false) {
    self.init(channels: channels, collectsHistogram: collectsHistogram, tokenCount: 0)
  }

  /// Empty ranges that are about to be filled with the values of `tokenCount` tokens.
  init(channels: Int, collectsHistogram: Bool, tokenCount: Int, divisors: [Float]? = nil) {
    self.channels = channels
    self.collectsHistogram = collectsHistogram
    self.tokenCount = tokenCount
    self.divisors = divisors
    let block = ChannelBlock(collectsHistogram: collectsHistogram)
    blocks = Array(repeating: block, count: (channels + 15) / 16)
  }

  /// Adds a batch: the rows of `x`, one per token.
  ///
  /// Only the moving averages depend on where one batch ends and the next begins.
  ///
  /// - Precondition: `x` has `channels` columns, the total is less than 2³² tokens, and the ranges
  ///   have not been divided.
  public mutating func add(_ x: Matrix) {
    precondition(x.columns == channels, "\(x.columns) channels into ranges of \(channels)")
    precondition(divisors == nil, "tokens into ranges that were divided")
    guard x.rows > 0 else { return }
    count(tokens: x.rows)
    let parts = blocks.count
    unsafe blocks.withUnsafeMutableBufferPointer { buffer in
      // Safety: each call changes only the block at its own index.
      nonisolated(unsafe) let buffer = unsafe buffer
      Threads.perform(parts) { unsafe buffer[$0].add(x, from: 16 * $0) }
    }
  }

  /// Adds the ranges of the same channels over other tokens.
  ///
  /// Minima, maxima and histograms are exactly those of a single pass, and mean magnitudes agree
  /// to a relative 2⁻¹⁵. Moving averages depend on an order of batches that two parallel runs do not
  /// have, so they become the mean of both, weighted by tokens.
  ///
  /// - Precondition: both have the same channels and divisors, and either both collect histograms or
  ///   neither does.
  public mutating func merge(_ other: ChannelRanges) {
    precondition(
      other.channels == channels && other.collectsHistogram == collectsHistogram
        && other.divisors == divisors,
      "merging ranges of different channels or kinds")
    guard other.tokenCount > 0 else { return }
    count(tokens: other.tokenCount)
    let share = Float(Double(other.tokenCount) / Double(tokenCount))
    for i in blocks.indices { blocks[i].merge(other.blocks[i], share: share) }
  }

  /// The ranges of the same values with each channel divided by a factor.
  ///
  /// - Precondition: the factors are positive and finite, one per channel.
  public func divided(by factors: [Float]) -> ChannelRanges {
    precondition(factors.count == channels, "\(factors.count) factors for \(channels) channels")
    precondition(factors.allSatisfy { $0 > 0 && $0.isFinite }, "a factor is not positive")
    var result = self
    result.divisors = divisors.map { zip($0, factors).map { $0 * $1 } } ?? factors
    return result
  }

  /// The ranges with some channels emptied, as if they had never had a value.
  func removing(channels removed: [Int]) -> ChannelRanges {
    var result = self
    for channel in removed { result.blocks[channel / 16].clear(channel % 16) }
    return result
  }

  private mutating func count(tokens: Int) {
    tokenCount += tokens
    precondition(tokenCount <= UInt32.max, "\(tokenCount) tokens, more than a bin can count")
  }
}
