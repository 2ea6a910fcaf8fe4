internal import LinearAlgebra

/// The ranges of sixteen neighbouring channels, one in each lane.
///
/// Values that are not finite are skipped. Lanes beyond the last channel see only NaN, so they stay
/// empty.
struct ChannelBlock: Sendable, Equatable {
  var minimum = Lanes(repeating: .infinity)
  var maximum = Lanes(repeating: -.infinity)
  var movingMinimum = Lanes(repeating: .infinity)
  var movingMaximum = Lanes(repeating: -.infinity)
  /// Σ |x|.
  var magnitudeSum = SIMD16<Double>.zero
  /// The number of values in each log bin, the bins of the first channel first.
  ///
  /// Empty when no histogram is collected.
  var counts: [UInt32]

  init(collectsHistogram: Bool) {
    counts = collectsHistogram ? Array(repeating: 0, count: 16 * LogBins.count) : []
  }

  /// Adds a batch: up to sixteen columns of `x`, starting at `column`.
  mutating func add(_ x: Matrix, from column: Int) {
    var (low, high) = (Lanes(repeating: .infinity), Lanes(repeating: -.infinity))
    // A float32 sum of at most 256 magnitudes is accurate enough; longer sums are in double.
    for start in stride(from: 0, to: x.rows, by: 256) {
      var sum = Lanes.zero
      for token in start..<min(x.rows, start + 256) {
        let value = Self.lanes(of: x.row(token), at: column)
        let finite = Self.isFinite(value)
        low.replace(with: value, where: finite .& (value .< low))
        high.replace(with: value, where: finite .& (value .> high))
        let magnitude = value.replacing(with: -value, where: value .< 0)
        sum += Lanes.zero.replacing(with: magnitude, where: finite)
      }
      magnitudeSum += SIMD16<Double>(sum)
    }
    if !counts.isEmpty { count(x, from: column) }
    minimum.replace(with: low, where: low .< minimum)
    maximum.replace(with: high, where: high .> maximum)
    movingMinimum = Self.blend(movingMinimum, low, ChannelRanges.averagingConstant)
    movingMaximum = Self.blend(movingMaximum, high, ChannelRanges.averagingConstant)
  }

  /// Adds the ranges of the same channels over other tokens.
  ///
  /// - Parameters:
  ///   - other: the other block.
  ///   - share: its weight in the moving averages.
  mutating func merge(_ other: ChannelBlock, share: Float) {
    minimum.replace(with: other.minimum, where: other.minimum .< minimum)
    maximum.replace(with: other.maximum, where: other.maximum .> maximum)
    movingMinimum = Self.blend(movingMinimum, other.movingMinimum, share)
    movingMaximum = Self.blend(movingMaximum, other.movingMaximum, share)
    magnitudeSum += other.magnitudeSum
    for i in counts.indices { counts[i] += other.counts[i] }
  }

  /// Forgets what was seen in one lane.
  mutating func clear(_ lane: Int) {
    (minimum[lane], maximum[lane]) = (.infinity, -.infinity)
    (movingMinimum[lane], movingMaximum[lane]) = (.infinity, -.infinity)
    magnitudeSum[lane] = 0
    guard !counts.isEmpty else { return }
    for bin in 0..<LogBins.count { counts[lane * LogBins.count + bin] = 0 }
  }

  private mutating func count(_ x: Matrix, from column: Int) {
    var all = counts.mutableSpan
    for token in 0..<x.rows {
      let row = x.row(token)
      var firstBin = 0
      for j in column..<min(column + 16, x.columns) {
        if let bin = LogBins.index(of: row[j]) { all[firstBin + bin] += 1 }
        firstBin += LogBins.count
      }
    }
  }

  /// Sixteen elements of a row, padded with NaN beyond its end.
  @inline(__always)
  private static func lanes(of row: Span<Float>, at column: Int) -> Lanes {
    if column + 16 <= row.count { return row.lanes(at: column) }
    var result = Lanes(repeating: .nan)
    for j in column..<row.count { result[j - column] = row[j] }
    return result
  }

  private static func isFinite(_ value: Lanes) -> SIMDMask<SIMD16<Int32>> {
    let largest = Lanes(repeating: .greatestFiniteMagnitude)
    return (value .>= -largest) .& (value .<= largest)
  }

  /// `a + share·(b − a)`, or the finite one of the two where the other is still empty.
  private static func blend(_ a: Lanes, _ b: Lanes, _ share: Float) -> Lanes {
    var result = a + share * (b - a)
    result.replace(with: b, where: .!isFinite(a))
    result.replace(with: a, where: .!isFinite(b))
    return result
  }
}
