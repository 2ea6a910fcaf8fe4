internal import LinearAlgebra

extension ChannelRanges {
  /// The ranges as arrays, exactly.
  var storedArrays: [StoredArray] {
    func lanes<Value>(_ number: (ChannelBlock, Int) -> Value) -> [Value] {
      (0..<channels).map { number(blocks[$0 / 16], $0 % 16) }
    }
    func floats(_ name: String, _ number: (ChannelBlock, Int) -> Float) -> StoredArray {
      StoredArray(name, [channels], .floats(lanes(number)))
    }
    var result = [
      floats("minima") { $0.minimum[$1] }, floats("maxima") { $0.maximum[$1] },
      floats("moving_minima") { $0.movingMinimum[$1] },
      floats("moving_maxima") { $0.movingMaximum[$1] },
      StoredArray("magnitude_sums", [channels], .doubles(lanes { $0.magnitudeSum[$1] })),
    ]
    if collectsHistogram {
      let counts = (0..<channels).flatMap { channel -> ArraySlice<UInt32> in
        let start = channel % 16 * LogBins.count
        return blocks[channel / 16].counts[start..<start + LogBins.count]
      }
      result.append(StoredArray("histograms", [channels, LogBins.count], .counts(counts)))
    }
    if let divisors { result.append(StoredArray("divisors", [channels], .floats(divisors))) }
    return result
  }

  /// The stored ranges, if there are any.
  init?(
    channels: Int, tokenCount: Int, from reader: inout StoredArrayReader
  ) throws(StatisticsError) {
    guard reader.has("minima") else { return nil }
    let low = try reader.floats("minima", count: channels)
    let high = try reader.floats("maxima", count: channels)
    let movingLow = try reader.floats("moving_minima", count: channels)
    let movingHigh = try reader.floats("moving_maxima", count: channels)
    let sums = try reader.doubles("magnitude_sums", count: channels)
    let histograms =
      reader.has("histograms")
      ? try reader.counts("histograms", rows: channels, columns: LogBins.count) : nil
    let divisors =
      reader.has("divisors") ? try reader.floats("divisors", count: channels) : nil
    if let bad = divisors?.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw .value("divisors", index: bad, reason: "is not positive and finite")
    }
    self.init(
      channels: channels, collectsHistogram: histograms != nil, tokenCount: tokenCount,
      divisors: divisors)
    for j in 0..<channels {
      try Self.check(j, low[j], high[j], movingLow[j], movingHigh[j], sums[j])
      let (i, lane) = (j / 16, j % 16)
      (blocks[i].minimum[lane], blocks[i].maximum[lane]) = (low[j], high[j])
      (blocks[i].movingMinimum[lane], blocks[i].movingMaximum[lane]) = (movingLow[j], movingHigh[j])
      blocks[i].magnitudeSum[lane] = sums[j]
      guard let histograms else { continue }
      let counts = histograms[j * LogBins.count..<(j + 1) * LogBins.count]
      guard counts.reduce(0, { $0 + Int($1) }) <= tokenCount else {
        throw .value(
          "histograms", index: counts.startIndex,
          reason: "and the rest of its row count "
            + "more values than there are tokens")
      }
      let start = lane * LogBins.count
      blocks[i].counts.replaceSubrange(start..<start + LogBins.count, with: counts)
    }
  }

  /// Checks the range of a channel, which is either finite or empty: from infinity to −infinity.
  private static func check(
    _ j: Int, _ low: Float, _ high: Float, _ movingLow: Float, _ movingHigh: Float, _ sum: Double
  ) throws(StatisticsError) {
    let isEmpty = low == .infinity && high == -.infinity
    guard isEmpty || low.isFinite && high.isFinite && low <= high else {
      throw .value("minima", index: j, reason: "is \(low), and the maximum \(high)")
    }
    let isRight =
      isEmpty
      ? movingLow == .infinity && movingHigh == -.infinity
      : movingLow.isFinite && movingHigh.isFinite
    guard isRight else {
      throw .value(
        "moving_minima", index: j, reason: "is \(movingLow), and the maximum \(movingHigh)")
    }
    guard sum >= 0, sum.isFinite else {
      throw .value("magnitude_sums", index: j, reason: "is \(sum)")
    }
  }
}
