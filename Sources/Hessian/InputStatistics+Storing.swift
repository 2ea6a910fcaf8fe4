internal import LinearAlgebra

// Statistics as named arrays, n channels and T tokens:
//
//   second_moment    float32 [n, n]  Σ x xᵀ, both triangles
//   token_count      int64 [1]       T
//   weight           float64 [1]     Σ w, only if it differs from T
//   cross_moment     float32 [n, n]  Σ (x̃ − x) xᵀ, only if it was collected
//   deviation_moment float32 [n, n]  Σ (x̃ − x)(x̃ − x)ᵀ, likewise
//   minima, maxima, moving_minima, moving_maxima
//                    float32 [n]     ±infinity for a channel without values
//   magnitude_sums   float64 [n]     Σ |x|
//   histograms       uint32 [n, 1537]  only if they were collected
//   divisors         float32 [n]     only if the statistics were divided
//   sample           float32 [rows, n]
//   removed_channels int64 [k]       only if there are any

extension InputStatistics {
  /// The parts as arrays, from which ``init(stored:)`` makes equal statistics.
  ///
  /// - Throws: ``StatisticsError`` if the second moment is not finite, and so of no use to anyone.
  package func storedArrays() throws(StatisticsError) -> [StoredArray] {
    let (n, sum) = (channels, secondMoment.sum)
    do throws(SecondMomentError) { try SecondMomentError.check(sum) } catch {
      throw .secondMoment(error)
    }
    var result = [
      StoredArray("second_moment", [n, n], .floats(sum.elements)),
      StoredArray("token_count", [1], .integers([Int64(tokenCount)])),
    ]
    if secondMoment.weight != Double(tokenCount) {
      result.append(StoredArray("weight", [1], .doubles([secondMoment.weight])))
    }
    if let mismatch {
      result.append(StoredArray("cross_moment", [n, n], .floats(mismatch.crossSum.elements)))
      if let sum = mismatch.deviation?.sum {
        result.append(StoredArray("deviation_moment", [n, n], .floats(sum.elements)))
      }
    }
    result += ranges?.storedArrays ?? []
    if let rows = sample?.rows {
      result.append(StoredArray("sample", [rows.rows, n], .floats(rows.elements)))
    }
    if !removedChannels.isEmpty {
      let channels = removedChannels.map(Int64.init)
      result.append(StoredArray("removed_channels", [channels.count], .integers(channels)))
    }
    return result
  }

  /// The statistics that stored arrays describe.
  ///
  /// - Throws: ``StatisticsError`` that names the array at fault.
  package init(stored arrays: [StoredArray]) throws(StatisticsError) {
    var reader = StoredArrayReader(arrays)
    let tokens = try reader.integers("token_count", count: 1)[0]
    guard (0...Int64(UInt32.max)).contains(tokens) else {
      throw .value("token_count", index: 0, reason: "is \(tokens)")
    }
    let sum = try reader.matrix("second_moment", columns: nil)
    let weight = try reader.weight(ofTokens: tokens)
    let moment: SecondMoment
    do throws(SecondMomentError) {
      moment = try SecondMoment(sum: sum, tokenCount: Int(tokens), weight: weight)
    } catch {
      throw .secondMoment(error)
    }
    let n = sum.columns
    let mismatch = try Mismatch(channels: n, moment, from: &reader)
    if tokens == 0, let i = sum.elements.firstIndex(where: { $0 != 0 }) {
      throw .value("second_moment", index: i, reason: "is not 0, but there are no tokens")
    }
    let ranges = try ChannelRanges(channels: n, tokenCount: Int(tokens), from: &reader)
    let sample = try TokenSample(channels: n, tokenCount: Int(tokens), from: &reader)
    let removed = try reader.removedChannels(of: n)
    for channel in removed where moment.upperSum[channel, channel] != 0 {
      throw .value(
        "second_moment", index: channel * (n + 1), reason: "is that of a removed channel")
    }
    if let unknown = reader.unread { throw .unknown(unknown) }
    self.init(
      moment, ranges: ranges, sample: sample, mismatch: mismatch, removedChannels: removed)
  }
}

extension Mismatch {
  /// The stored mismatch, if there is one.
  fileprivate init?(
    channels n: Int, _ moment: SecondMoment, from reader: inout StoredArrayReader
  ) throws(StatisticsError) {
    guard reader.has("cross_moment") else { return nil }
    let cross = try reader.matrix("cross_moment", columns: n)
    guard cross.rows == n else {
      throw .shape("cross_moment", found: [cross.rows, n], needed: [n, n])
    }
    if let bad = cross.elements.firstIndex(where: { !$0.isFinite }) {
      throw .value("cross_moment", index: bad, reason: "is \(cross.elements[bad])")
    }
    var deviation: SecondMoment?
    if reader.has("deviation_moment") {
      let sum = try reader.matrix("deviation_moment", columns: n)
      guard sum.rows == n else {
        throw .shape("deviation_moment", found: [sum.rows, n], needed: [n, n])
      }
      do throws(SecondMomentError) {
        deviation = try SecondMoment(
          sum: sum, tokenCount: moment.tokenCount, weight: moment.weight)
      } catch {
        throw .value("deviation_moment", index: 0, reason: "is wrong: \(error)")
      }
    }
    self.init(crossSum: cross, deviation: deviation)
  }
}

extension TokenSample {
  /// The stored sample, if there is one.
  fileprivate init?(
    channels: Int, tokenCount: Int, from reader: inout StoredArrayReader
  ) throws(StatisticsError) {
    guard reader.has("sample") else { return nil }
    let rows = try reader.matrix("sample", columns: channels)
    let needed = Self.rowCount(of: tokenCount)
    guard rows.rows == needed else {
      throw .shape("sample", found: [rows.rows, channels], needed: [needed, channels])
    }
    if let bad = rows.elements.firstIndex(where: { !$0.isFinite }) {
      throw .value("sample", index: bad, reason: "is \(rows.elements[bad])")
    }
    self.init(rows: rows, tokenCount: tokenCount)
  }
}

extension StoredArrayReader {
  fileprivate mutating func weight(ofTokens tokens: Int64) throws(StatisticsError) -> Double {
    guard has("weight") else { return Double(tokens) }
    let weight = try doubles("weight", count: 1)[0]
    guard weight > 0, weight.isFinite, tokens > 0 else {
      throw .value("weight", index: 0, reason: "is \(weight) for \(tokens) tokens")
    }
    return weight
  }

  fileprivate mutating func removedChannels(of n: Int) throws(StatisticsError) -> [Int] {
    guard has("removed_channels") else { return [] }
    let channels = try integers("removed_channels", count: nil)
    var last: Int64 = -1
    for (i, channel) in channels.enumerated() {
      guard channel > last, channel < n else {
        throw .value("removed_channels", index: i, reason: "is \(channel) of \(n), or out of order")
      }
      last = channel
    }
    return channels.map { Int($0) }
  }
}
