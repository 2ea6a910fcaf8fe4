internal import Glibc

/// Sums and elementary functions over whole rows, sixteen lanes at a time.
///
/// Every function has a fixed order of operations, so its result is reproducible bit by bit.
package enum VectorMath {
  /// The inner product, in float32 lanes: `Σ aᵢ·bᵢ`.
  ///
  /// - Precondition: the spans have the same length.
  /// - Complexity: 2n flops. The error bound is that of n/16 sequential additions.
  public static func dot(_ a: Span<Float>, _ b: Span<Float>) -> Float {
    precondition(a.count == b.count, "dot of \(a.count) and \(b.count) elements")
    let count = a.count
    var sums = (Lanes.zero, Lanes.zero)
    var i = 0
    while i + 32 <= count {
      sums.0 += a.lanes(at: i) * b.lanes(at: i)
      sums.1 += a.lanes(at: i + 16) * b.lanes(at: i + 16)
      i += 32
    }
    if i + 16 <= count {
      sums.0 += a.lanes(at: i) * b.lanes(at: i)
      i += 16
    }
    var tail: Float = 0
    while i < count {
      tail += a[i] * b[i]
      i += 1
    }
    return (sums.0 + sums.1).sum() + tail
  }

  /// Adds a row to another: `xᵢ ← xᵢ + aᵢ`.
  ///
  /// - Precondition: the spans have the same length.
  public static func add(_ a: Span<Float>, to x: inout MutableSpan<Float>) {
    precondition(a.count == x.count, "\(a.count) elements added to \(x.count)")
    var i = 0
    while i + 16 <= a.count {
      x.setLanes(at: i, x.lanes(at: i) + a.lanes(at: i))
      i += 16
    }
    while i < a.count {
      x[i] += a[i]
      i += 1
    }
  }

  /// A weighted sum of squares, in float32 lanes: `Σ mᵢ·aᵢ²`.
  ///
  /// - Precondition: the spans have the same length.
  public static func weightedSquares(_ m: Span<Float>, _ a: Span<Float>) -> Float {
    precondition(m.count == a.count, "\(m.count) weights for \(a.count) elements")
    var sum = Lanes.zero
    var i = 0
    while i + 16 <= a.count {
      let value = a.lanes(at: i)
      sum += value * value * m.lanes(at: i)
      i += 16
    }
    var tail: Float = 0
    while i < a.count {
      tail += a[i] * a[i] * m[i]
      i += 1
    }
    return sum.sum() + tail
  }

  /// The smallest and the largest element; 0...0 if there is none, and unspecified if there is a NaN.
  public static func extent(_ a: Span<Float>) -> ClosedRange<Float> {
    guard !a.isEmpty else { return 0...0 }
    var (low, high) = (Lanes(repeating: a[0]), Lanes(repeating: a[0]))
    var i = 0
    while i + 16 <= a.count {
      let value = a.lanes(at: i)
      low.replace(with: value, where: value .< low)
      high.replace(with: value, where: value .> high)
      i += 16
    }
    var (least, most) = (low.min(), high.max())
    while i < a.count {
      least = min(least, a[i])
      most = max(most, a[i])
      i += 1
    }
    // The comparison fails for a NaN, on which `...` would trap.
    return most >= least ? least...most : 0...(.infinity)
  }

  /// Whether every element is finite.
  public static func isFinite(_ a: Span<Float>) -> Bool {
    // x·0 is 0 for a finite x and NaN otherwise, and a NaN persists in a sum.
    var sum = Lanes.zero
    var i = 0
    while i + 16 <= a.count {
      sum += a.lanes(at: i) * 0
      i += 16
    }
    var tail = sum.sum()
    while i < a.count {
      tail += a[i] * 0
      i += 1
    }
    return tail == 0
  }

  /// Replaces a row by its softmax: `xᵢ ← exp(xᵢ − max x) / Σ exp(xⱼ − max x)`.
  public static func softmax(_ x: inout MutableSpan<Float>) {
    guard !x.isEmpty else { return }
    let sum = exponentials(of: &x, minus: maximum(x.span))
    let inverse = 1 / sum
    var i = 0
    while i + 16 <= x.count {
      x.setLanes(at: i, x.lanes(at: i) * inverse)
      i += 16
    }
    while i < x.count {
      x[i] *= inverse
      i += 1
    }
  }

  /// The logarithm of the softmax's denominator, in a stable form: `max x + ln Σ exp(xᵢ − max x)`.
  ///
  /// The row is overwritten.
  public static func logSumExp(_ x: inout MutableSpan<Float>) -> Double {
    let offset = maximum(x.span)
    return Double(offset) + log(Double(exponentials(of: &x, minus: offset)))
  }

  /// The exponential function, within 2 units in the last place on [−87, 88] and clamped outside.
  ///
  /// Let n = round(x / ln 2) and r = x − n·ln 2, with ln 2 in two parts so that the product of n with
  /// the first is exact. Then exp x = 2ⁿ·exp r, and exp r on |r| ≤ 0.35 is its Taylor polynomial of
  /// degree 7, whose first omitted term is below 6·10⁻⁹.
  /// The loops of `CLanes` compute the same bits.
  @inline(__always)
  static func exponential(_ x: Lanes) -> Lanes {
    let clamped = x.limited(Lanes(repeating: -87.3), Lanes(repeating: 88.3))
    // The rounding constant leaves n in the low bits of the sum, which become the exponent.
    let shifted = clamped * 1.442_695 + 12_582_912
    let n = shifted - 12_582_912
    let r = (clamped - n * 0.693_359_375) + n * 2.121_944_4e-4
    var sum = Lanes(repeating: 1 / 5040)
    sum = sum * r + 1 / 720
    sum = sum * r + 1 / 120
    sum = sum * r + 1 / 24
    sum = sum * r + 1 / 6
    sum = sum * r + 0.5
    sum = sum * r + 1
    sum = sum * r + 1
    // Safety: both are 64 bytes, and any bits are 32-bit integers or floats.
    let exponent = unsafe unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &+ 127
    let power = unsafe unsafeBitCast(exponent &<< 23, to: Lanes.self)
    return sum * power
  }
}
