internal import LinearAlgebra

// The scales of a super-block are small integers times one fp16 number, s_k = d·n_k. Given ideal scales v_k,
//
//     min  Σ (v_k − d·n_k)²      over integers n_k of some bits, and d in fp16
//
// is solved by trying every integer in the upper half of the range for the largest v: that gives d, the others
// n_k = round(v_k / d), and these the best d = Σ v n / Σ n², which is rounded to fp16 before the integers are
// chosen once more. Products d·n_k are exact in float32: 11 bits times at most 8.

/// A number that the groups of a super-block share, and the integers that multiply it.
struct SharedFactor: Equatable {
  /// d.
  let factor: Float
  /// n_k.
  let multiples: [Int]

  /// Which integers can be stored, with or without 0.
  struct Integers {
    let range: ClosedRange<Int>
    let hasZero: Bool

    /// The nearest integer to a number; 0 for a NaN.
    func nearest(_ value: Float) -> Int {
      guard value > Float(range.lowerBound) else { return range.lowerBound }
      guard value < Float(range.upperBound) else { return range.upperBound }
      let rounded = Int(value.rounded(.toNearestOrEven))
      guard rounded == 0, !hasZero else { return rounded }
      return value < 0 && range.lowerBound < 0 ? -1 : 1
    }

    /// The same with 0, which files may have.
    var withZero: Integers {
      Integers(range: min(0, range.lowerBound)...range.upperBound, hasZero: true)
    }

    /// What the largest value may become: both ends of the range down to half of it.
    fileprivate var candidates: [Int] {
      let last = range.upperBound
      let above = Array((last / 2 + 1...last).reversed())
      return range.lowerBound < 0 ? above + above.map { -$0 - 1 } : above
    }
  }

  /// The factor and integers nearest to ideal values.
  ///
  /// - Complexity: as many steps as there are integers, for each value.
  init(nearestTo values: [Float], _ integers: Integers) {
    let largest = values.max { abs($0) < abs($1) } ?? 0
    guard largest != 0, largest.isFinite else {
      self.init(factor: largest, multiples: values.map { _ in integers.hasZero ? 0 : 1 })
      return
    }
    var best = SharedFactor(factor: 0, multiples: [])
    var least = Float.infinity
    for candidate in integers.candidates {
      let first = SharedFactor(of: values, largest / Float(candidate), integers)
      guard let factor = first.improved(for: values) else { continue }
      let found = SharedFactor(of: values, factor, integers)
      let error = found.squaredError(of: values)
      if error < least { (best, least) = (found, error) }
    }
    // Beyond all fp16 numbers, or too small for them.
    self = least.isFinite ? best : SharedFactor(of: values, Self.rounded(largest), integers)
  }

  /// The factor of which all values are exact multiples; nil where there is none.
  init?(exactly values: [Float], _ integers: Integers) {
    let largest = values.max { abs($0) < abs($1) } ?? 0
    guard largest != 0 else {
      guard integers.hasZero else { return nil }
      self.init(factor: 0, multiples: values.map { _ in 0 })
      return
    }
    for multiple in integers.range where multiple != 0 {
      let factor = largest / Float(multiple)
      guard Float(Float16(factor)) == factor, factor != 0 else { continue }
      let found = SharedFactor(of: values, factor, integers)
      if found.values == values {
        self = found
        return
      }
    }
    return nil
  }

  private init(factor: Float, multiples: [Int]) {
    (self.factor, self.multiples) = (factor, multiples)
  }

  private init(of values: [Float], _ factor: Float, _ integers: Integers) {
    self.init(factor: factor, multiples: values.map { integers.nearest($0 / factor) })
  }

  /// d·n_k.
  var values: [Float] { multiples.map { factor * Float($0) } }

  /// The best factor for these integers, in fp16; nil for none that is a number besides 0.
  private func improved(for values: [Float]) -> Float? {
    var (product, square) = (Float.zero, Float.zero)
    for (value, multiple) in zip(values, multiples) {
      product += value * Float(multiple)
      square += Float(multiple * multiple)
    }
    let factor = Self.rounded(product / square)
    return factor.isFinite && factor != 0 ? factor : nil
  }

  private func squaredError(of values: [Float]) -> Float {
    zip(values, multiples).reduce(0) { sum, pair in
      let error = pair.0 - factor * Float(pair.1)
      return sum + error * error
    }
  }

  /// The nearest fp16 number that is not 0.
  private static func rounded(_ value: Float) -> Float {
    let rounded = FloatFormat.float16.rounded(value)
    guard rounded == 0 else { return rounded }
    return value < 0 ? -FloatFormat.float16.leastPositive : FloatFormat.float16.leastPositive
  }
}
