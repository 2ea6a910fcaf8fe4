internal import Hessian

/// The search for the range with the least squared error, Σ counts · (x̂ − x)².
///
/// x runs over the centres of a histogram's bins, and
///
///     x̂ = s · (clamp(round(x/s) + z, 0, 2^b − 1) − z)
///
///     symmetric    s = 2m / (2^b − 1)              z = 2^(b−1)
///     asymmetric   s = (high − low) / (2^b − 1)    z = round(−low/s)
struct SquaredErrorSearch {
  private let histogram: Histogram
  private let bits: Int
  private var largestCode: Double { Double(1 << bits - 1) }
  /// The centres of the nonempty bins, eight at a time.
  private var centres: [SIMD8<Double>]
  /// Their counts; 0 in lanes beyond the last bin.
  private var counts: [SIMD8<Double>]

  init(_ histogram: Histogram, bits: Int) {
    self.histogram = histogram
    self.bits = bits
    let filled = histogram.counts.indices.filter { histogram.counts[$0] > 0 }
    let groups = (filled.count + 7) / 8
    centres = Array(repeating: .zero, count: groups)
    counts = centres
    for (i, bin) in filled.enumerated() {
      let position = Double(bin - histogram.binsPerSide) + 0.5
      centres[i / 8][i % 8] = position * histogram.binWidth
      counts[i / 8][i % 8] = histogram.counts[bin]
    }
  }

  /// The best −m…m, for m at bin centres from R/16 on.
  ///
  /// With 2048 bins this is NVIDIA's search from bin 128 on; among equal errors the first wins.
  func symmetricRange() -> ClosedRange<Double> {
    let bins = histogram.binsPerSide
    let candidates = (bins / 16..<bins).map { (Double($0) + 0.5) * histogram.binWidth }
    var best = (m: 0.0, error: Double.infinity)
    for m in candidates {
      let error = error(scale: 2 * m / largestCode, zeroPoint: Double(1 << (bits - 1)))
      if error < best.error { best = (m, error) }
    }
    return -best.m...best.m
  }

  /// The best range that contains 0: both ends shrink alike, then each on its own while that helps.
  ///
  /// The candidates for an end are the multiples of 1/256 of the values' own end, from 1/16 up.
  func range() -> ClosedRange<Double> {
    var best = Ends(low: 256, high: 256)
    var least = error(best)
    func improve(_ candidates: [Ends]) -> Bool {
      let before = least
      for ends in candidates {
        let error = error(ends)
        if error < least { (best, least) = (ends, error) }
      }
      return least < before
    }
    let parts = (16...255).reversed()
    _ = improve(parts.map { Ends(low: $0, high: $0) })
    while improve(
      parts.map { Ends(low: $0, high: best.high) } + parts.map { Ends(low: best.low, high: $0) })
    {}
    return range(best)
  }

  /// The ends of a candidate, in 256ths of the values' own ends.
  private struct Ends {
    var low: Int
    var high: Int
  }

  private func range(_ ends: Ends) -> ClosedRange<Double> {
    let extent = histogram.extent
    return extent.lowerBound * Double(ends.low) / 256...extent.upperBound * Double(ends.high) / 256
  }

  private func error(_ ends: Ends) -> Double {
    let range = range(ends)
    let scale = (range.upperBound - range.lowerBound) / largestCode
    let zeroPoint = (-range.lowerBound / scale).rounded(.toNearestOrEven)
    return error(scale: scale, zeroPoint: zeroPoint)
  }

  /// Σ counts · (x̂ − x)².
  private func error(scale: Double, zeroPoint: Double) -> Double {
    let (low, high) = (-zeroPoint, largestCode - zeroPoint)
    var sum = SIMD8<Double>.zero
    for i in centres.indices {
      var code = centres[i] / scale
      code.replace(with: low, where: code .< low)
      code.replace(with: high, where: code .> high)
      // Adding 1.5·2⁵² leaves no bit for a fraction, so the addition rounds, ties to even.
      code = (code + 0x1.8p52) - 0x1.8p52
      let error = code * scale - centres[i]
      sum += counts[i] * error * error
    }
    return sum.sum()
  }
}
