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
    let shrinking = RangeSearch.solving.factors
    let step = RangeSearch.solving.step / 2
    for chunk in 0..<chunks {
      let covers = covers(chunk, encoding, scheme)
      attempt(covers, encoding, scheme, chunk, &scratch)
      var best = Lanes(repeating: 1)
      func tryFactors(_ factors: Lanes) {
        let better = attempt(covers.scaled(by: factors), encoding, scheme, chunk, &scratch)
        best.replace(with: factors, where: better)
      }
      for factor in shrinking { tryFactors(Lanes(repeating: factor)) }
      tryFactors(best - step)
      tryFactors(best + step)
      guard scheme.points == .zeroPoint || scheme.points == .offset else { continue }
      let chosen = covers.scaled(by: best)
      let half = 0.5 / Float(scheme.largestCode)
      attempt(chosen.shifted(by: -half), encoding, scheme, chunk, &scratch)
      attempt(chosen.shifted(by: half), encoding, scheme, chunk, &scratch)
    }
  }

  /// Attempts the entries that cover given ranges, one for each row of a chunk.
  ///
  /// - Returns: in which rows an entry was kept.
  @discardableResult
  private mutating func attempt(
    _ ranges: LaneRanges, _ encoding: any GridEncoding, _ scheme: Scheme, _ chunk: Int,
    _ scratch: inout PlaneScratch
  ) -> LaneMask {
    let better = attempt(ranges, encoding, scheme, chunk, &scratch, turned: false)
    guard encoding.storesNegativeScales(scheme) else { return better }
    return better .| attempt(ranges, encoding, scheme, chunk, &scratch, turned: true)
  }

  private mutating func attempt(
    _ ranges: LaneRanges, _ encoding: any GridEncoding, _ scheme: Scheme, _ chunk: Int,
    _ scratch: inout PlaneScratch, turned: Bool
  ) -> LaneMask {
    // With an infinite scale the cost is not a number, and nothing is kept.
    var (scale, offset) = (Lanes(repeating: .infinity), Lanes.zero)
    for lane in 0..<16 where ranges.exist[lane] {
      let own = rowEncodings?[16 * chunk + lane] ?? encoding
      let range = ranges.low[lane]...ranges.high[lane]
      var entry = own.entry(covering: range.withZero(scheme), scheme)
      if turned {
        entry = own.entry(
          nearestTo: GridEntry(scale: -entry.scale, offset: entry.offset), scheme)
      }
      (scale[lane], offset[lane]) = (entry.scale, entry.offset)
    }
    return attempt(scale, offset, chunk: chunk, &scratch)
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
