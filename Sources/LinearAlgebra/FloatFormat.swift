/// The floating-point formats of checkpoints.
public enum FloatFormat: String, Sendable, CaseIterable {
  /// IEEE 754 binary32.
  case float32
  /// IEEE 754 binary16: 11 significant bits, largest finite value 65504.
  case float16
  /// bfloat16: the upper half of a binary32; 8 significant bits.
  case bfloat16

  /// The number of bytes of one element.
  public var byteCount: Int { self == .float32 ? 4 : 2 }

  /// The nearest value in this format, with ties to even; infinity beyond its range.
  public func rounded(_ value: Float) -> Float {
    switch self {
    case .float32: value
    case .float16: roundedToFloat16(value)
    case .bfloat16: Float(bitPattern: UInt32(bfloat16Bits(value)) << 16)
    }
  }

  /// The smallest positive value in this format.
  public var leastPositive: Float {
    switch self {
    case .float32: .leastNonzeroMagnitude
    case .float16: 0x1p-24
    case .bfloat16: Float(bitPattern: 1 << 16)
    }
  }

  /// Reads little-endian elements.
  ///
  /// - Precondition: `bytes.byteCount` is a multiple of the element's size.
  public func decode(_ bytes: RawSpan) -> [Float] {
    precondition(bytes.byteCount % byteCount == 0, "\(bytes.byteCount) bytes of \(self)")
    let count = bytes.byteCount / byteCount
    var result = [Float](repeating: 0, count: count)
    var output = result.mutableSpan
    switch self {
    case .float32:
      for i in 0..<count {
        output[i] = Float(
          bitPattern: UInt32(
            littleEndian: unsafe bytes.unsafeLoadUnaligned(
              fromByteOffset: 4 * i, as: UInt32.self)))
      }
    case .float16:
      for i in 0..<count { output[i] = float16Value(bits(bytes, i)) }
    case .bfloat16:
      for i in 0..<count { output[i] = Float(bitPattern: UInt32(bits(bytes, i)) << 16) }
    }
    return result
  }

  /// The elements as little-endian bytes, each rounded to the nearest value in this format.
  public func encode(_ values: [Float]) -> [UInt8] {
    var result = [UInt8]()
    result.reserveCapacity(values.count * byteCount)
    for value in values {
      let bits: UInt32
      switch self {
      case .float32: bits = value.bitPattern
      case .float16: bits = UInt32(Float16(value).bitPattern)
      case .bfloat16: bits = UInt32(bfloat16Bits(value))
      }
      for byte in 0..<byteCount { result.append(UInt8(truncatingIfNeeded: bits >> (8 * byte))) }
    }
    return result
  }
}

/// Element `i` of a sequence of 16-bit values.
private func bits(_ bytes: RawSpan, _ i: Int) -> UInt16 {
  // Safety: the caller derived the number of elements from the byte count; any bits are a UInt16.
  UInt16(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
}

/// Rounds to bfloat16 with ties to even; a NaN stays a (quiet) NaN.
private func bfloat16Bits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
  return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
}

/// Rounds to binary16 with ties to even: among its normal numbers by cutting off bits, because without F16C a
/// conversion is a library call.
private func roundedToFloat16(_ value: Float) -> Float {
  let bits = value.bitPattern
  // From 2⁻¹⁴ up to where numbers round to infinity.
  guard (0x3880_0000..<0x477F_F000).contains(bits & 0x7FFF_FFFF) else {
    return Float(Float16(value))
  }
  return Float(bitPattern: (bits + 0xFFF + (bits >> 13 & 1)) & ~0x1FFF)
}

/// The value of a binary16, computed with shifts: without F16C, a conversion is a library call.
///
/// Exponent and fraction are shifted to their places in a binary32. Its exponent bias is larger by
/// 112; a multiplication by 2¹¹² corrects that, and normalizes subnormal numbers as well.
private func float16Value(_ half: UInt16) -> Float {
  let magnitude = UInt32(half & 0x7FFF) << 13
  let scaled = Float(bitPattern: magnitude) * Float(sign: .plus, exponent: 112, significand: 1)
  // In both formats, an exponent of all ones means infinity or NaN.
  let finite = half & 0x7C00 != 0x7C00
  let bits = finite ? scaled.bitPattern : magnitude | 0x7F80_0000
  return Float(bitPattern: bits | UInt32(half & 0x8000) << 16)
}
