import LinearAlgebra
import TestSupport
import Testing

/// Every 16-bit pattern, little-endian.
private let allPatterns: [UInt8] = RawSafetensors.bytes((0...UInt16.max).map { $0 })

private func decode(_ format: FloatFormat, _ bytes: [UInt8]) -> [Float] {
  // Safety: a byte has no padding whose bits would be unknown.
  unsafe format.decode(bytes.span.bytes)
}

private func patterns(_ bytes: [UInt8]) -> [UInt16] {
  stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
}

@Suite struct `Floating-point formats` {
  @Test func `decode every binary16 as the standard library does`() {
    for (bits, value) in decode(.float16, allPatterns).enumerated() {
      let expected = Float(Float16(bitPattern: UInt16(bits)))
      if expected.isNaN {
        #expect(value.isNaN, "pattern \(bits)")
      } else if value.bitPattern != expected.bitPattern {
        Issue.record("pattern \(bits) is \(expected), not \(value)")
      }
    }
  }

  @Test func `decode every bfloat16 as the upper half of a float`() {
    for (bits, value) in decode(.bfloat16, allPatterns).enumerated()
    where value.bitPattern != UInt32(bits) << 16 {
      Issue.record("pattern \(bits) became \(value.bitPattern)")
    }
  }

  @Test(arguments: [FloatFormat.float16, .bfloat16])
  func `encode what was decoded to the same bits, and a NaN to a NaN`(format: FloatFormat) {
    let values = decode(format, allPatterns)
    for (bits, encoded) in patterns(format.encode(values)).enumerated()
    where Int(encoded) != bits {
      let isNaN = decode(format, RawSafetensors.bytes([encoded]))[0].isNaN
      if !values[bits].isNaN || !isNaN { Issue.record("pattern \(bits) became \(encoded)") }
    }
  }

  @Test(arguments: [FloatFormat.float16, .bfloat16])
  func `round halfway values to the even neighbour, and others to the nearest`(
    format: FloatFormat
  ) throws {
    // The sum of two neighbours is exact in double precision, and so is the value halfway.
    let finite = decode(format, allPatterns)
    let infinity = try #require(finite.firstIndex(of: .infinity))
    for bits in 0..<infinity - 1 {
      let (low, high) = (finite[bits], finite[bits + 1])
      let middle = Float((Double(low) + Double(high)) / 2)
      let even = bits % 2 == 0 ? low : high
      guard middle > low, middle < high else { continue }
      let ok =
        format.rounded(middle) == even && format.rounded(-middle) == -even
        && format.rounded(middle.nextDown) == low && format.rounded(middle.nextUp) == high
      if !ok { Issue.record("between \(low) and \(high)") }
    }
  }

  @Test func `round values beyond the largest finite one to infinity`() {
    #expect(FloatFormat.float16.rounded(65504) == 65504)
    #expect(FloatFormat.float16.rounded(65519.996) == 65504)
    #expect(FloatFormat.float16.rounded(65520) == .infinity)
    #expect(FloatFormat.float16.rounded(-1e6) == -.infinity)
    let largest = Float(bitPattern: 0x7F7F_0000)
    #expect(FloatFormat.bfloat16.rounded(largest) == largest)
    #expect(FloatFormat.bfloat16.rounded(.greatestFiniteMagnitude) == .infinity)
    #expect(FloatFormat.bfloat16.rounded(-.greatestFiniteMagnitude) == -.infinity)
    #expect(FloatFormat.float32.rounded(.greatestFiniteMagnitude) == .greatestFiniteMagnitude)
  }

  @Test(arguments: FloatFormat.allCases)
  func `keep a NaN a NaN, whatever its payload`(format: FloatFormat) {
    // Rounding a payload that is in the low bits only would give infinity.
    let payloads: [UInt32] = [0x7FC0_0000, 0x7F80_0001, 0x7FFF_FFFF, 0xFF80_0001, 0xFFFF_FFFF]
    for bits in payloads {
      let value = Float(bitPattern: bits)
      #expect(format.rounded(value).isNaN)
      let decoded = decode(format, format.encode([value]))[0]
      #expect(decoded.isNaN)
      #expect(decoded.sign == value.sign)
      if format != .float32 { #expect(!decoded.isSignalingNaN) }
    }
  }

  @Test(arguments: FloatFormat.allCases)
  func `encode by rounding, and have a least positive value`(format: FloatFormat) {
    let values = Matrix.heavyTailed(1, 500, seed: 1).elements
    #expect(decode(format, format.encode(values)) == values.map(format.rounded))
    #expect(format.encode(values).count == 500 * format.byteCount)
    let least = format.leastPositive
    #expect(least > 0 && format.rounded(least) == least)
    #expect(format.rounded(least / 4) == 0)
  }
}
