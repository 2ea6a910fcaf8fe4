internal import Hessian

extension Histogram {
  /// The least range that holds a percentage p of the values.
  ///
  /// Symmetric: the smallest m with p % of the magnitudes at most m. Asymmetric: (100 − p)/2 % of
  /// the values are cut at either end, and 0 is in the range. Inside a bin, values count as evenly
  /// spread; no range is wider than the values.
  func extent(holding percentage: Double, symmetric: Bool) -> ClosedRange<Double> {
    if symmetric {
      let end = binWidth * position(of: percentage / 100, in: magnitudes)
      let limit = min(end, largestMagnitude)
      return -limit...limit
    }
    let share = (100 + percentage) / 200
    let middle = Double(binsPerSide)
    let high = binWidth * (position(of: share, in: counts) - middle)
    // Seen from the other side the low end is a high end: both are cut by the same rule.
    let low = binWidth * (middle - position(of: share, in: counts.reversed()))
    return min(0, max(low, extent.lowerBound))...max(0, min(high, extent.upperBound))
  }

  /// The first place, in bins, that has at least this share of the counts below it.
  private func position(of share: Double, in counts: [Double]) -> Double {
    let total = counts.reduce(0, +)
    // Rounding must not make the goal a hair more than whole values, and so reach an outlier.
    let goal = total * (share - 1e-12)
    var below = 0.0
    for (i, count) in counts.enumerated() where count > 0 {
      if below + count >= goal { return Double(i) + min(1, max(0, share * total - below) / count) }
      below += count
    }
    return Double(counts.count)
  }
}
