public import LinearAlgebra

/// What calibration learned about one input of n channels.
///
///     H = (1/T) Σₜ xₜ xₜᵀ          x: one token's input, [n];  H: [n, n]
///
/// Statistics are made of parts. The second moment H is always there, because every method measures
/// its error with it; the ranges of the channels and a sample of the tokens are collected on
/// request. All Linears that read the same input (q/k/v; gate/up) share one value. The papers write
/// `H = 2XXᵀ`; the factor makes no difference here, because damping is relative.
public struct InputStatistics: Sendable, Equatable {
  /// Parts that are collected on request.
  public struct Parts: OptionSet, Sendable {
    /// One bit for each part.
    public let rawValue: Int
    /// The parts whose bits are set.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// The range of each channel, for AWQ, SmoothQuant, outliers and static activations.
    public static let ranges = Parts(rawValue: 1)
    /// The ranges, and a histogram of each channel (6 KiB) for the observers that need one.
    public static let histograms = Parts(rawValue: 3)
    /// A sample of the tokens, for losses that do not follow from H.
    public static let sample = Parts(rawValue: 4)
    /// The cross moment with the input of the full-precision model, for corrected targets.
    public static let mismatch = Parts(rawValue: 8)
    /// The mismatch, and the second moment of the difference, to judge by the full-precision output.
    public static let deviation = Parts(rawValue: 24)
  }

  /// The second moment, as a sum over tokens.
  private(set) var secondMoment: SecondMoment
  /// The ranges of the channels, if collected.
  public private(set) var ranges: ChannelRanges?
  /// A sample of the tokens, if collected.
  public private(set) var sample: TokenSample?
  /// How the input differs from that of the full-precision model, if collected.
  private(set) var mismatch: Mismatch?
  /// The channels that ``removing(channels:)`` took out, in ascending order.
  public private(set) var removedChannels: [Int] = []
  /// The first token after which a sum of squares was not finite.
  var nonFiniteToken: Int?

  /// Empty statistics.
  ///
  /// - Parameters:
  ///   - channels: n.
  ///   - parts: what to collect beside the second moment.
  public init(channels: Int, collecting parts: Parts = [.ranges, .sample]) {
    secondMoment = SecondMoment(channels: channels)
    if parts.contains(.ranges) {
      ranges = ChannelRanges(
        channels: channels, collectsHistogram: parts.contains(.histograms))
    }
    if parts.contains(.sample) { sample = TokenSample(channels: channels) }
    if parts.contains(.mismatch) {
      mismatch = Mismatch(
        channels: channels, collectsDeviation: parts.contains(.deviation))
    }
  }

  /// Statistics that consist of a known H alone.
  ///
  /// H counts as the second moment of a single token. Any positive multiple of it gives the same
  /// solutions, because solvers only compare errors: a sum over tokens, say, or the papers' 2XXᵀ.
  ///
  /// - Parameter secondMoment: H, `[n, n]`; where H and its transpose differ by rounding, the upper
  ///   triangle counts.
  /// - Throws: ``SecondMomentError`` if no input has this second moment.
  /// - Complexity: n².
  public init(secondMoment: Matrix) throws(SecondMomentError) {
    self.init(try SecondMoment(sum: secondMoment, tokenCount: 1, weight: 1))
  }

  /// Statistics that know how large each channel is, and nothing of how channels go together: H = diag(E[x²]).
  ///
  /// - Parameters:
  ///   - meanSquares: E[x²] of each channel.
  ///   - tokenCount: the number of tokens in the mean.
  /// - Throws: ``SecondMomentError`` for a number that is negative, infinite or NaN.
  /// - Complexity: n², in memory too.
  public init(meanSquares: [Float], tokenCount: Int) throws(SecondMomentError) {
    let count = meanSquares.count
    var sum = Matrix(rows: count, columns: count)
    for (i, value) in meanSquares.enumerated() { sum[i, i] = value * Float(max(1, tokenCount)) }
    self.init(
      try SecondMoment(sum: sum, tokenCount: tokenCount, weight: Double(max(1, tokenCount))))
  }

  /// Statistics of given parts, which must agree.
  init(
    _ secondMoment: SecondMoment, ranges: ChannelRanges? = nil, sample: TokenSample? = nil,
    mismatch: Mismatch? = nil, removedChannels: [Int] = []
  ) {
    self.secondMoment = secondMoment
    self.mismatch = mismatch
    self.ranges = ranges
    self.sample = sample
    self.removedChannels = removedChannels
  }

  /// The number of channels n.
  public var channels: Int { secondMoment.upperSum.rows }
  /// The number of tokens T.
  public var tokenCount: Int { secondMoment.tokenCount }
  /// The parts that are there beside the second moment.
  public var parts: Parts {
    var result: Parts = sample == nil ? [] : .sample
    if let ranges { result.formUnion(ranges.collectsHistogram ? .histograms : .ranges) }
    if let mismatch { result.formUnion(mismatch.deviation == nil ? .mismatch : .deviation) }
    return result
  }

  /// Adds the rows of `x`, one per token.
  ///
  /// The result does not depend on the number of threads.
  ///
  /// - Parameters:
  ///   - x: the tokens, `[T, n]`.
  ///   - reference: the same tokens in the full-precision model, where the mismatch is collected.
  ///   - engine: what computes the moments.
  /// - Precondition: `x` has `channels` columns, and the statistics have been neither divided nor
  ///   reduced by ``removing(channels:)``.
  /// - Complexity: T·n² flops in large products, three times that with a reference.
  public mutating func add(
    _ x: Matrix, reference: Matrix? = nil, on engine: ProductEngine = .float32
  ) {
    precondition(x.columns == channels, "\(x.columns) channels into statistics of \(channels)")
    precondition(removedChannels.isEmpty, "tokens into statistics without some channels")
    precondition((reference == nil) == (mismatch == nil), "a mismatch needs a reference")
    if let reference { mismatch?.add(x, reference: reference, on: engine) }
    secondMoment.add(x, on: engine)
    ranges?.add(x)
    sample?.add(x)
    noteNonFinite(in: x, reference)
  }

  /// Adds the statistics of other tokens of the same input, as if they came after these.
  ///
  /// Counts, minima, maxima and histograms are exactly those of a single pass. H differs by rounding:
  /// its sum over tokens is rounded once for each chunk added and for each merge, so k chunks,
  /// however they are grouped, give elements that differ by at most 2k·2⁻²⁴·√(Hᵢᵢ Hⱼⱼ).
  /// ``ChannelRanges/merge(_:)`` and ``TokenSample/merge(_:)`` say what holds for the rest.
  ///
  /// - Precondition: both have the same channels and parts, the same channels removed, and were
  ///   divided by the same factors.
  /// - Complexity: n² additions.
  public mutating func merge(_ other: InputStatistics) {
    precondition(
      other.channels == channels && other.parts == parts
        && other.removedChannels == removedChannels,
      "merging statistics of different channels or parts")
    nonFiniteToken = nonFiniteToken ?? other.nonFiniteToken.map { tokenCount + $0 }
    secondMoment.merge(other.secondMoment)
    if let added = other.ranges { ranges?.merge(added) }
    if let added = other.sample { sample?.merge(added) }
    if let added = other.mismatch { mismatch?.merge(added) }
  }

  /// Adds the moments of other tokens of the same input, which together count as many tokens.
  ///
  /// - Precondition: there are other tokens; both have the same channels, and neither collects the mismatch.
  /// - Complexity: n² additions.
  package mutating func addMoments(of other: InputStatistics, totalWeight: Double) {
    precondition(
      other.channels == channels && other.mismatch == nil && mismatch == nil,
      "moments of different channels or parts")
    secondMoment.add(other.secondMoment, weight: Float(totalWeight / other.weight))
  }

  /// Adds the moments of other tokens of the same input, each with a weight.
  ///
  /// They are not among the tokens that are counted, and neither ranges nor sample contain them.
  ///
  /// - Parameters:
  ///   - x: the tokens, `[T, n]`.
  ///   - reference: the same tokens in the full-precision model, where the mismatch is collected.
  ///   - weight: what each of them counts, as a number of ordinary tokens; not negative.
  ///   - engine: what computes the moments.
  /// - Precondition: as for ``add(_:reference:on:)``.
  /// - Complexity: T·n² flops in large products, three times that with a reference.
  public mutating func addMoments(
    of x: Matrix, reference: Matrix? = nil, weight: Float, on engine: ProductEngine = .float32
  ) {
    precondition(x.columns == channels, "\(x.columns) channels into statistics of \(channels)")
    precondition((reference == nil) == (mismatch == nil), "a mismatch needs a reference")
    var (x, reference) = (x, reference)
    x.multiply(by: weight.squareRoot())
    reference?.multiply(by: weight.squareRoot())
    if let reference { mismatch?.add(x, reference: reference, on: engine) }
    secondMoment.add(x, eachCounting: Double(weight), on: engine)
  }

  /// Adds the ranges of other tokens of the same input, if ranges are collected.
  ///
  /// - Precondition: as for ``ChannelRanges/merge(_:)``.
  package mutating func widen(by other: ChannelRanges) { ranges?.merge(other) }

  /// The statistics of the same input with each channel divided by a factor.
  ///
  ///     x → x / s        H → diag(1/s) H diag(1/s)
  ///
  /// - Precondition: the factors are positive and finite, one per channel.
  /// - Complexity: n² divisions.
  public func divided(by factors: [Float]) -> InputStatistics {
    precondition(factors.count == channels, "\(factors.count) factors, \(channels) channels")
    return InputStatistics(
      secondMoment.divided(by: factors), ranges: ranges?.divided(by: factors),
      sample: sample?.divided(by: factors), mismatch: mismatch?.divided(by: factors),
      removedChannels: removedChannels)
  }

  /// The statistics without some channels, which keep their places.
  ///
  /// Their rows and columns of H are zero, their ranges empty, and their samples zero. Unlike a dead
  /// channel, a removed one is known to carry values; they are just handled elsewhere.
  ///
  /// - Precondition: the indices are less than `channels`.
  /// - Complexity: n² to copy H.
  public func removing(channels removed: [Int]) -> InputStatistics {
    precondition(removed.allSatisfy { (0..<channels).contains($0) }, "no channel \(removed)")
    return InputStatistics(
      secondMoment.removing(channels: removed), ranges: ranges?.removing(channels: removed),
      sample: sample?.removing(channels: removed),
      mismatch: mismatch?.removing(channels: removed),
      removedChannels: Set(removedChannels + removed).sorted())
  }
}
