/// Sixteen floats at a time: the width of the project's hand-written loops.
///
/// Swift keeps the written order of additions, so a loop over lanes gives the same bits on every
/// instruction set; only its speed differs.
public typealias Lanes = SIMD16<Float>

extension Span<Float> {
  /// Sixteen consecutive elements, the first at `i`.
  ///
  /// - Precondition: `0 <= i && i + 16 <= count`.
  @inlinable @inline(__always)
  public func lanes(at i: Int) -> Lanes {
    precondition(i >= 0 && i &+ 16 <= count, "lanes beyond the span")
    // Safety: the range was checked; any bits are a float.
    return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: i &* 4, as: Lanes.self)
  }
}

extension MutableSpan<Float> {
  /// Sixteen consecutive elements, the first at `i`.
  ///
  /// - Precondition: `0 <= i && i + 16 <= count`.
  @inlinable @inline(__always)
  public func lanes(at i: Int) -> Lanes {
    precondition(i >= 0 && i &+ 16 <= count, "lanes beyond the span")
    // Safety: the range was checked; any bits are a float.
    return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: i &* 4, as: Lanes.self)
  }

  /// Writes sixteen consecutive elements, the first at `i`.
  ///
  /// - Precondition: `0 <= i && i + 16 <= count`.
  @inlinable @inline(__always)
  public mutating func setLanes(at i: Int, _ value: Lanes) {
    precondition(i >= 0 && i &+ 16 <= count, "lanes beyond the span")
    // Safety: the range was checked.
    unsafe withUnsafeMutableBytes {
      unsafe $0.storeBytes(of: value, toByteOffset: i &* 4, as: Lanes.self)
    }
  }
}

extension SIMD16<Float> {
  /// The nearest integers, ties to even, for magnitudes below 2²².
  ///
  /// Adding 1.5·2²³ leaves no bit for a fraction, so the addition rounds; the subtraction is exact.
  /// `rounded()` would be a library call per element on a baseline x86-64. Zero loses its sign.
  @inlinable @inline(__always)
  public var roundedToInteger: Lanes { (self + 12_582_912) - 12_582_912 }

  /// The lanes brought into a range, lane by lane.
  ///
  /// Two selections, which are one instruction each; `clamped` is a loop over the lanes.
  @inlinable @inline(__always)
  public func limited(_ low: Lanes, _ high: Lanes) -> Lanes {
    let raised = replacing(with: low, where: self .< low)
    return raised.replacing(with: high, where: raised .> high)
  }
}
