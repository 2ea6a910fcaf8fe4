internal import LinearAlgebra
internal import Quantizer

extension GroupPlane {
  /// Chooses a range for each row: shrunk copies of the range that covers w̃, then both neighbours of
  /// the best, then the same range moved by half a step either way, so that a zero point can round
  /// to the other side.
  ///
  /// Where a scale may be negative, each range is tried turned around as well.
  mutating func searchRanges(_ encoding: any GridEncoding, _ scheme: Scheme) {
    var scratch = PlaneScratch(size: size)
    let search = RangeSearch.solving
    let shrinking = search.factors
    // Of an entry and the same turned around, each counts as a candidate.
    let turns: Int32 = encoding.storesNegativeScales(scheme) ? 1 : 0
    for chunk in 0..<chunks {
      let covers = covers(chunk, encoding, scheme)
      // The widest alone, because the cost of a good one ends the judgement of worse ones early.
      add(covers, encoding, scheme, chunk, to: &scratch)
      var found = attempt(chunk: chunk, &scratch) .>= 0
      var best = Lanes(repeating: 1)
      for factor in shrinking {
        add(covers.scaled(by: Lanes(repeating: factor)), encoding, scheme, chunk, to: &scratch)
      }
      var kept = attempt(chunk: chunk, &scratch) &>> turns
      for (i, factor) in shrinking.enumerated() {
        best.replace(with: factor, where: kept .== Int32(i))
      }
      found = found .| (kept .>= 0)
      let (narrower, wider) = (best - search.step / 2, best + search.step / 2)
      add(covers.scaled(by: narrower), encoding, scheme, chunk, to: &scratch)
      add(covers.scaled(by: wider), encoding, scheme, chunk, to: &scratch)
      kept = attempt(chunk: chunk, &scratch) &>> turns
      best.replace(with: narrower, where: kept .== 0)
      best.replace(with: wider, where: kept .== 1)
      found = found .| (kept .>= 0)
      if scheme.points == .zeroPoint || scheme.points == .offset {
        let (chosen, half) = (covers.scaled(by: best), 0.5 / Float(scheme.largestCode))
        add(chosen.shifted(by: -half), encoding, scheme, chunk, to: &scratch)
        add(chosen.shifted(by: half), encoding, scheme, chunk, to: &scratch)
        found = found .| (attempt(chunk: chunk, &scratch) .>= 0)
      }
      settle(found, chunk: chunk, &scratch)
    }
  }

  /// Adds the entries that cover given ranges, one for each row of a chunk, to the candidates.
  private func add(
    _ ranges: LaneRanges, _ encoding: any GridEncoding, _ scheme: Scheme, _ chunk: Int,
    to scratch: inout PlaneScratch
  ) {
    let turns = encoding.storesNegativeScales(scheme)
    // With an infinite scale the cost is not a number, and nothing is kept.
    var (scale, offset) = (Lanes(repeating: .infinity), Lanes.zero)
    var (turnedScale, turnedOffset) = (scale, offset)
    for lane in 0..<16 where ranges.exist[lane] {
      let own = rowEncodings?[16 * chunk + lane] ?? encoding
      let range = ranges.low[lane]...ranges.high[lane]
      let entry = own.entry(covering: range.withZero(scheme), scheme)
      (scale[lane], offset[lane]) = (entry.scale, entry.offset)
      guard turns else { continue }
      let turned = own.entry(
        nearestTo: GridEntry(scale: -entry.scale, offset: entry.offset), scheme)
      (turnedScale[lane], turnedOffset[lane]) = (turned.scale, turned.offset)
    }
    scratch.candidates.append(.init(scale: scale, offset: offset))
    if turns { scratch.candidates.append(.init(scale: turnedScale, offset: turnedOffset)) }
  }

  /// The range that covers each row's weights of the group; none where no scale does.
  private func covers(
    _ chunk: Int, _ encoding: any GridEncoding, _ scheme: Scheme
  ) -> LaneRanges {
    let first = weights[chunk * size]
    var (low, high) = scheme.points == .offset ? (first, first) : (Lanes.zero, Lanes.zero)
    var sum = Lanes.zero
    for p in 0..<size {
      let w = weights[chunk * size + p]
      // Stays 0 as long as every weight is finite.
      sum += w - w
      low.replace(with: w, where: w .< low)
      high.replace(with: w, where: w .> high)
    }
    var exist = sum .== 0
    for lane in 0..<16 where exist[lane] {
      exist[lane] = encoding.entry(covering: low[lane]...high[lane], scheme).scale.isFinite
    }
    return LaneRanges(low: low, high: high, exist: exist)
  }
}

/// A range for each row of a chunk.
private struct LaneRanges {
  var low: Lanes
  var high: Lanes
  /// The rows that have one.
  let exist: LaneMask

  func scaled(by factors: Lanes) -> LaneRanges {
    LaneRanges(low: factors * low, high: factors * high, exist: exist)
  }

  /// The ranges moved by a share of their widths, but for those that are too wide to be a number.
  func shifted(by share: Float) -> LaneRanges {
    var shift = share * (high - low)
    shift.replace(with: 0, where: (shift - shift) .!= 0)
    return LaneRanges(low: low + shift, high: high + shift, exist: exist)
  }
}

extension ClosedRange<Float> {
  /// The range, extended to contain 0 where the points need that.
  fileprivate func withZero(_ scheme: Scheme) -> Self {
    scheme.points == .offset ? self : Swift.min(0, lowerBound)...Swift.max(0, upperBound)
  }
}
