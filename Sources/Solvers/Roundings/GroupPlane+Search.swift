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
    for chunk in 0..<chunks {
      let covers = covers(chunk, encoding, scheme)
      attempt(covers, encoding, scheme, chunk, &scratch)
      var best = [Float](repeating: 1, count: 16)
      for factor in RangeSearch.solving.factors {
        let better = attempt(
          covers.map { $0?.scaled(by: factor) }, encoding, scheme, chunk, &scratch)
        for lane in 0..<16 where better[lane] { best[lane] = factor }
      }
      let step = RangeSearch.solving.step / 2
      for change in [-step, step] {
        let factors = best.map { $0 + change }
        let ranges = zip(covers, factors).map { $0?.scaled(by: $1) }
        let better = attempt(ranges, encoding, scheme, chunk, &scratch)
        for lane in 0..<16 where better[lane] { best[lane] = factors[lane] }
      }
      guard scheme.points == .zeroPoint || scheme.points == .offset else { continue }
      for part in [-0.5, 0.5] as [Float] {
        let ranges = zip(covers, best).map {
          $0?.scaled(by: $1).shifted(by: part / Float(scheme.largestCode))
        }
        attempt(ranges, encoding, scheme, chunk, &scratch)
      }
    }
  }

  /// Attempts the entries that cover given ranges, one for each row of a chunk; none for nil.
  ///
  /// - Returns: in which rows an entry was kept.
  @discardableResult
  private mutating func attempt(
    _ ranges: [ClosedRange<Float>?], _ encoding: any GridEncoding, _ scheme: Scheme, _ chunk: Int,
    _ scratch: inout PlaneScratch
  ) -> SIMDMask<SIMD16<Int32>> {
    let better = attempt(ranges, encoding, scheme, chunk, &scratch, turned: false)
    guard encoding.storesNegativeScales(scheme) else { return better }
    return better .| attempt(ranges, encoding, scheme, chunk, &scratch, turned: true)
  }

  private mutating func attempt(
    _ ranges: [ClosedRange<Float>?], _ encoding: any GridEncoding, _ scheme: Scheme, _ chunk: Int,
    _ scratch: inout PlaneScratch, turned: Bool
  ) -> SIMDMask<SIMD16<Int32>> {
    // With an infinite scale the cost is not a number, and nothing is kept.
    var (scale, offset) = (Lanes(repeating: .infinity), Lanes.zero)
    for lane in 0..<16 {
      guard let range = ranges[lane] else { continue }
      let own = rowEncodings?[16 * chunk + lane] ?? encoding
      var entry = own.entry(covering: range.withZero(scheme), scheme)
      if turned {
        entry = own.entry(
          nearestTo: GridEntry(scale: -entry.scale, offset: entry.offset), scheme)
      }
      (scale[lane], offset[lane]) = (entry.scale, entry.offset)
    }
    return attempt(scale, offset, chunk: chunk, &scratch)
  }

  /// The range that covers each row's weights of the group; nil where no scale does.
  private func covers(
    _ chunk: Int, _ encoding: any GridEncoding, _ scheme: Scheme
  ) -> [ClosedRange<Float>?] {
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
    return (0..<16).map { lane in
      guard sum[lane] == 0 else { return nil }
      let cover = low[lane]...high[lane]
      return encoding.entry(covering: cover, scheme).scale.isFinite ? cover : nil
    }
  }
}

extension ClosedRange<Float> {
  fileprivate func scaled(by factor: Float) -> Self {
    factor * lowerBound...factor * upperBound
  }

  /// The range moved by a share of its width, unless that is too wide to be a number.
  fileprivate func shifted(by share: Float) -> Self {
    let shift = share * (upperBound - lowerBound)
    return shift.isFinite ? lowerBound + shift...upperBound + shift : self
  }

  /// The range, extended to contain 0 where the points need that.
  fileprivate func withZero(_ scheme: Scheme) -> Self {
    scheme.points == .offset ? self : Swift.min(0, lowerBound)...Swift.max(0, upperBound)
  }
}
