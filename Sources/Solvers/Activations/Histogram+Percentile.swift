internal import Hessian

extension Histogram {
  /// The smallest range that holds a percentage p of the values.
  ///
  /// Symmetric: the smallest m such that p % of the magnitudes are at most m. Asymmetric:
  /// (100 − p)/2 % of the values are cut off at either end, and 0 stays in the range. Values count
  /// as evenly spread inside a bin; no range is wider than the values.
  func extent(holding percentage: Double, symmetric: Bool) -> ClosedRange<Double> {
    if symmetric {
      let end = binWidth * position(of: percentage / 100, in: magnitudes)
      let limit = min(end, largestMagnitude)
      return -limit...limit
    }
    let share = (100 + percentage) / 200
    let middle = Double(binsPerSide)
    let high = binWidth * (position(of: share, in: counts) - middle)
    // Mirrored, the low end is a high end, so both are cut by the same rule.
    let low = binWidth * (middle - position(of: share, in: counts.reversed()))
    return min(0, max(low, extent.lowerBound))...max(0, min(high, extent.upperBound))
  }

  /// The first position, in bins, with at least this share of the counts below it.
  private func position(of share: Double, in counts: [Double]) -> Double {
    let total = counts.reduce(0, +)
    // Rounding must not push the goal just past a whole count, and so reach an outlier.
    let goal = total * (share - 1e-12)
    var below = 0.0
    for (i, count) in counts.enumerated() where count > 0 {
      if below + count >= goal { return Double(i) + min(1, max(0, share * total - below) / count) }
      below += count
    }
    return Double(counts.count)
  }
}
