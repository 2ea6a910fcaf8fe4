import Foundation

/// The calibrators by their definitions, on arrays and one candidate after another.
enum TextbookCalibrators {
  /// The smallest m with at least `percentage` % of the values ≤ m.
  static func percentile(_ percentage: Double, of values: [Double]) -> Double {
    let sorted = values.sorted()
    // 1e-9: the product of a share and a count that is meant to be whole must not become more.
    let needed = Int((percentage / 100 * Double(sorted.count) - 1e-9).rounded(.up))
    return sorted[max(1, needed) - 1]
  }

  /// x̂ = s·(clamp(round(x/s) + z, 0, 2^b − 1) − z) for a range.
  static func quantized(_ x: Double, _ range: ClosedRange<Double>, bits: Int, symmetric: Bool)
    -> Double
  {
    let last = Double(1 << bits - 1)
    let scale = (range.upperBound - range.lowerBound) / last
    let zero =
      symmetric ? Double(1 << (bits - 1)) : (-range.lowerBound / scale).rounded(.toNearestOrEven)
    let code = min(last, max(0, (x / scale).rounded(.toNearestOrEven) + zero))
    return scale * (code - zero)
  }

  /// Σ counts·(x̂ − x)².
  static func squaredError(
    _ values: [Double], counts: [Double]? = nil, _ range: ClosedRange<Double>, bits: Int,
    symmetric: Bool
  ) -> Double {
    values.indices.reduce(0) {
      let x = values[$1]
      let error = quantized(x, range, bits: bits, symmetric: symmetric) - x
      return $0 + (counts?[$1] ?? 1) * error * error
    }
  }

  /// KL(P‖Q), P with the tails in its outer bins, Q the window in a number of levels.
  static func divergence(_ bins: [Double], window: Range<Int>, levels: Int) -> Double {
    var p = Array(bins[window])
    let inside = p
    let n = p.count
    p[0] += bins[..<window.lowerBound].reduce(0, +)
    p[n - 1] += bins[window.upperBound...].reduce(0, +)
    let edges = (0...levels).map { Double($0) * Double(n) / Double(levels) }
    var q = [Double](repeating: 0, count: n)
    for level in 0..<levels {
      let members = (0..<n).filter {
        Double($0) >= edges[level] && Double($0) < edges[level + 1] && inside[$0] > 0
      }
      let sum = members.reduce(0) { $0 + inside[$1] }
      for k in members { q[k] = sum / Double(members.count) }
    }
    let (pSum, qSum) = (p.reduce(0, +), q.reduce(0, +))
    var result = 0.0
    for k in 0..<n where p[k] > 0 {
      if q[k] == 0 { return .infinity }
      result += p[k] / pSum * log((p[k] / pSum) / (q[k] / qSum))
    }
    return result
  }
}
