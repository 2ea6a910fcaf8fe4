/// Sixteen floats: the width of all hand-written loops here.
///
/// Swift never reorders additions, so a loop over lanes gives the same bits on every instruction set;
/// only its speed differs.
public typealias Lanes = SIMD16<Float>

extension Span<Float> {
  /// The sixteen elements from `i` on.
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
  /// The sixteen elements from `i` on.
  ///
  /// - Precondition: `0 <= i && i + 16 <= count`.
  @inlinable @inline(__always)
  public func lanes(at i: Int) -> Lanes {
    precondition(i >= 0 && i &+ 16 <= count, "lanes beyond the span")
    // Safety: the range was checked; any bits are a float.
    return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: i &* 4, as: Lanes.self)
  }

  /// Replaces the sixteen elements from `i` on.
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
  /// The nearest integers, with ties to even, of magnitudes below 2²².
  ///
  /// A sum with 1.5·2²³ has no bits left for a fraction, so the addition rounds; the subtraction is
  /// exact. On baseline x86-64, `rounded()` would be a library call for each element. Zeros lose
  /// their sign.
  @inlinable @inline(__always)
  public var roundedToInteger: Lanes { (self + 12_582_912) - 12_582_912 }

  /// The nearest E4M3 floats, with ties to even, of magnitudes up to 448.
  ///
  /// Their neighbours are 2^(e − 3) apart around a value of exponent e, and 2⁻⁹ below 2⁻⁶. Zeros lose their sign.
  @inlinable @inline(__always)
  public var roundedToE4M3: Lanes {
    // Safety: any bits are a float.
    let exponents = unsafe unsafeBitCast(self, to: SIMD16<UInt32>.self) & 0x7f80_0000
    let least = SIMD16<UInt32>(repeating: (127 - 6) << 23)
    let steps = exponents.replacing(with: least, where: exponents .< least) &- (3 << 23)
    let step = unsafe unsafeBitCast(steps, to: Lanes.self)
    return (self / step).roundedToInteger * step
  }

  /// The nearest E2M1 floats, with ties to even, of magnitudes up to 6.
  ///
  /// Their neighbours are ½ apart up to 2, 1 up to 4, and 2 from there on. Zeros lose their sign.
  @inlinable @inline(__always)
  public var roundedToE2M1: Lanes {
    let magnitude = replacing(with: -self, where: self .< 0)
    var step = Lanes(repeating: 0.5)
    step.replace(with: Lanes(repeating: 1), where: magnitude .> 2)
    step.replace(with: Lanes(repeating: 2), where: magnitude .> 4)
    return (self / step).roundedToInteger * step
  }

  /// Each lane limited to a range.
  ///
  /// This takes two selections of one instruction each, where `clamped` loops over the lanes.
  @inlinable @inline(__always)
  public func limited(_ low: Lanes, _ high: Lanes) -> Lanes {
    let raised = replacing(with: low, where: self .< low)
    return raised.replacing(with: high, where: raised .> high)
  }
}

extension Matrix {
  /// Sixteen elements of a row, from column `j` on.
  @inlinable @inline(__always)
  package func lanes(_ i: Int, _ j: Int) -> Lanes { row(i).lanes(at: j) }

  /// Replaces sixteen elements of a row, from column `j` on.
  @inlinable @inline(__always)
  package mutating func setLanes(_ i: Int, _ j: Int, _ value: Lanes) {
    var elements = mutableRow(i)
    elements.setLanes(at: j, value)
  }
}
