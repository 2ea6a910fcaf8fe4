internal import Glibc
internal import Hessian

extension Histogram {
  /// The range whose quantized histogram Q diverges least from the histogram P, KL(P‖Q).
  ///
  /// This is the calibrator of TensorRT and of NVIDIA's quantization tools (2048 bins on 0…R, where
  /// bin 0 takes the count of bin 1, since zeros are exact in any case). For each i from 128 on:
  ///
  ///     P   bins 0 ..< i, with all values beyond added to bin i − 1
  ///     Q   bins 0 ..< i without them, in 2^(b−1) levels of equal width, each spread evenly over
  ///         its nonempty bins
  ///
  /// Among equal divergences the LAST i wins, and its end, i bins from 0, is m.
  ///
  /// If asymmetric, the windows are −i ..< i of the signed bins, as in ONNX Runtime, clipped to the
  /// bins that hold values, since codes beyond those would be wasted. They hold 2^b levels; a
  /// window with fewer bins is no candidate. Values beyond either end are added to the bin there.
  func leastDivergentRange(bits: Int, symmetric: Bool) -> ClosedRange<Double> {
    let levels = symmetric ? 1 << (bits - 1) : 1 << bits
    let middle = symmetric ? 0 : binsPerSide
    var bins = symmetric ? magnitudes : counts
    bins[middle] = bins[middle + 1]
    if !symmetric { bins[middle - 1] = bins[middle - 2] }
    let filled = symmetric ? 0..<binsPerSide : filledBins
    let divergence = HistogramDivergence(bins, levels: levels)
    var best = (window: filled, divergence: Double.infinity)
    for i in binsPerSide / 16...binsPerSide {
      let window = (middle - i..<middle + i).clamped(to: filled)
      guard window.count >= levels else { continue }
      let value = divergence(of: window)
      if value <= best.divergence { best = (window, value) }
    }
    let low = Double(best.window.lowerBound - middle) * binWidth
    let high = Double(best.window.upperBound - middle) * binWidth
    // A range wider than the values would waste codes.
    guard !symmetric else { return -min(high, largestMagnitude)...min(high, largestMagnitude) }
    return max(low, extent.lowerBound)...min(high, extent.upperBound)
  }

  /// The bins from the first nonempty one (or 0) to the last nonempty one (or 0).
  private var filledBins: Range<Int> {
    let first = counts.firstIndex { $0 > 0 } ?? binsPerSide
    let last = counts.lastIndex { $0 > 0 } ?? binsPerSide
    return min(first, binsPerSide)..<max(last + 1, binsPerSide)
  }
}

/// The divergence between windows of a histogram and their quantized versions.
private struct HistogramDivergence {
  private let counts: [Double]
  private let levels: Int
  /// The logarithms of the counts; 0 for an empty bin.
  private let logarithms: [Double]

  init(_ counts: [Double], levels: Int) {
    self.counts = counts
    self.levels = levels
    logarithms = counts.map { $0 > 0 ? log($0) : 0 }
  }

  /// KL(P‖Q) for a window; infinite if a tail meets an empty bin.
  ///
  /// With c the counts, c′ the counts with the tails added, q the mean of a level's nonempty bins,
  /// N = Σ c over all bins and M = Σ c over the window:
  ///
  ///     KL = Σ c′/N · ln((c′/N) / (q/M)) = ln(M/N) + (1/N) Σ c′ · (ln c′ − ln q)
  ///
  /// So a window needs one logarithm per level. A level of equal bins adds exactly 0.
  ///
  /// - Complexity: O(bins of the histogram).
  func callAsFunction(of window: Range<Int>) -> Double {
    let (first, last) = (window.lowerBound, window.upperBound - 1)
    let below = counts[..<first].reduce(0, +)
    let above = counts[(last + 1)...].reduce(0, +)
    if below > 0 && counts[first] == 0 || above > 0 && counts[last] == 0 { return .infinity }
    var (sum, mass) = (0.0, 0.0)
    for level in 0..<levels {
      let bins = bins(ofLevel: level, window)
      guard let mean = mean(of: bins) else { continue }
      mass += mean.mass
      for i in bins { sum += counts[i] * (logarithms[i] - mean.logarithm) }
      if level == 0 { sum += excess(of: below, at: first, mean.logarithm) }
      if level == levels - 1 { sum += excess(of: above, at: last, mean.logarithm) }
    }
    guard mass > 0 else { return .infinity }
    let total = below + mass + above
    return log(mass / total) + sum / total
  }

  /// What a tail that is added to bin `i` adds to the sum.
  private func excess(of tail: Double, at i: Int, _ logarithm: Double) -> Double {
    guard tail > 0 else { return 0 }
    let all = counts[i] + tail
    return all * (log(all) - logarithm) - counts[i] * (logarithms[i] - logarithm)
  }

  /// The bins of a level: bin k of the n in the window has level ⌊levels · k / n⌋.
  private func bins(ofLevel level: Int, _ window: Range<Int>) -> Range<Int> {
    func start(_ level: Int) -> Int {
      window.lowerBound + (level * window.count + levels - 1) / levels
    }
    return start(level)..<start(level + 1)
  }

  /// The sum of some bins and the logarithm of the mean of the nonempty ones; nil if all are empty.
  private func mean(of bins: Range<Int>) -> (mass: Double, logarithm: Double)? {
    var (mass, filled) = (0.0, 0)
    for i in bins where counts[i] > 0 {
      mass += counts[i]
      filled += 1
    }
    return filled > 0 ? (mass, log(mass / Double(filled))) : nil
  }
}
