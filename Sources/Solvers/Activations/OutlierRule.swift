/// Which input channels of an INT8 Linear stay in 16 bits.
///
/// LLM.int8() (Dettmers and others 2022, arXiv 2208.07339), section 3.2.
public enum OutlierRule: Sendable, Hashable {
  /// Channels with an input of at least this magnitude; the paper's threshold is 6.
  case threshold(Float)
  /// This many channels, those with the largest magnitudes.
  case largest(Int)

  /// The paper's threshold.
  public static let paper = OutlierRule.threshold(6)

  /// The channels that stay in 16 bits.
  ///
  /// - Parameter magnitudes: the largest magnitude that calibration saw in each channel.
  /// - Returns: their zero-based indices in ascending order.
  func channels(_ magnitudes: [Float]) -> [Int] {
    switch self {
    case .threshold(let threshold):
      return magnitudes.indices.filter { magnitudes[$0] >= threshold }
    case .largest(let count):
      let order = magnitudes.indices.sorted { (magnitudes[$0], $1) > (magnitudes[$1], $0) }
      return order.prefix(max(0, count)).sorted()
    }
  }
}

/// What keeping a Linear's outlier channels in 16 bits gained.
public struct OutlierReport: Sendable, Equatable {
  /// The number of channels kept.
  public let channels: Int
  /// Their share of all channels.
  public let shareOfChannels: Double
  /// The share of the output error that keeping them removed, on the sampled tokens.
  public let shareOfError: Double

  /// A report with given values.
  public init(channels: Int, shareOfChannels: Double, shareOfError: Double) {
    self.channels = channels
    self.shareOfChannels = shareOfChannels
    self.shareOfError = shareOfError
  }
}
