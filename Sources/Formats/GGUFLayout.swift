internal import Checkpoint

// Where the parts of a block are. Codes are cut into bit planes. A plane with fields of f bits in runs of r
// elements has k = 8/f fields in a byte, and element i in the byte r·⌊i/(rk)⌋ + i mod r, from bit f·(⌊i/r⌋ mod k)
// on: so Q4_0 has r = 16, and its first byte holds elements 0 and 16.

/// Where the parts of a block of a type are, in bytes from its start.
struct GGUFLayout {
  /// Some bits of all codes.
  struct Plane {
    let start: Int
    /// The number of bits of a field.
    let bits: Int
    /// The number of elements after which the next bits of a byte are used.
    let run: Int
    /// The lowest bit of the code that is stored here.
    var lowest = 0

    /// The bits of a field.
    var mask: UInt8 { UInt8(truncatingIfNeeded: 1 << bits - 1) }

    /// The byte of an element, from the start of the plane, and the bit where it begins.
    func place(_ i: Int) -> (byte: Int, shift: Int) {
      let fields = 8 / bits
      return (run * (i / (run * fields)) + i % run, bits * (i / run % fields))
    }
  }

  /// Bytes of base-3 digits: of byte m of `count`, the digit n stands for the element `first` + n·count + m.
  struct Trits {
    let start: Int
    let count: Int
    let first: Int
    let digits: Int
  }

  /// How the integers are stored by which the factors of a super-block are multiplied.
  enum Multipliers {
    /// Each group has its own scale.
    case none
    /// Q2_K: a byte for each group, the scale below the offset.
    case nibbles
    /// Q4_K and Q5_K: 6 bits each for eight scales and eight offsets, in 12 bytes.
    case sixBitPairs
    /// Q3_K: 6 bits for each of 16 scales, 32 more than their values.
    case sixBits
    /// Q6_K: a signed byte for each of 16 scales.
    case bytes
    /// IQ4_XS: the same as Q3_K for eight scales, in another order.
    case splitSixBits
  }

  /// The fp16 scale d, or the exponent of a power of two.
  let scale: Int
  /// Whether the scale is a byte, an exponent of two plus 127.
  var scaleIsExponent = false
  /// The fp16 offset of each group, or what multiplies the integers of the offsets; nil where there is none.
  var offset: Int?
  var multipliers = Multipliers.none
  /// Where the integers are.
  var multiplierStart = 0
  var planes: [Plane] = []
  var trits: [Trits] = []

  /// The layout of a type that has blocks; nil for floats.
  static func of(_ type: GGUFType) -> GGUFLayout? {
    switch type {
    case .float32, .float16, .bfloat16: nil
    case .q40, .iq4NL: GGUFLayout(scale: 0, planes: [Plane(start: 2, bits: 4, run: 16)])
    case .q41: GGUFLayout(scale: 0, offset: 2, planes: [Plane(start: 4, bits: 4, run: 16)])
    case .q50:
      GGUFLayout(
        scale: 0,
        planes: [
          Plane(start: 2, bits: 1, run: 1, lowest: 4), Plane(start: 6, bits: 4, run: 16),
        ])
    case .q51:
      GGUFLayout(
        scale: 0, offset: 2,
        planes: [
          Plane(start: 4, bits: 1, run: 1, lowest: 4), Plane(start: 8, bits: 4, run: 16),
        ])
    case .q80: GGUFLayout(scale: 0, planes: [Plane(start: 2, bits: 8, run: 1)])
    case .mxfp4:
      GGUFLayout(
        scale: 0, scaleIsExponent: true, planes: [Plane(start: 1, bits: 4, run: 16)])
    case .q2K:
      GGUFLayout(
        scale: 80, offset: 82, multipliers: .nibbles, multiplierStart: 0,
        planes: [Plane(start: 16, bits: 2, run: 32)])
    case .q3K:
      GGUFLayout(
        scale: 108, multipliers: .sixBits, multiplierStart: 96,
        planes: [
          Plane(start: 0, bits: 1, run: 32, lowest: 2), Plane(start: 32, bits: 2, run: 32),
        ])
    case .q4K:
      GGUFLayout(
        scale: 0, offset: 2, multipliers: .sixBitPairs, multiplierStart: 4,
        planes: [Plane(start: 16, bits: 4, run: 32)])
    case .q5K:
      GGUFLayout(
        scale: 0, offset: 2, multipliers: .sixBitPairs, multiplierStart: 4,
        planes: [
          Plane(start: 16, bits: 1, run: 32, lowest: 4), Plane(start: 48, bits: 4, run: 32),
        ])
    case .q6K:
      GGUFLayout(
        scale: 208, multipliers: .bytes, multiplierStart: 192,
        planes: [
          Plane(start: 0, bits: 4, run: 64), Plane(start: 128, bits: 2, run: 32, lowest: 4),
        ])
    case .tq20: GGUFLayout(scale: 64, planes: [Plane(start: 0, bits: 2, run: 32)])
    case .tq10:
      GGUFLayout(
        scale: 52,
        trits: [
          Trits(start: 0, count: 32, first: 0, digits: 5),
          Trits(start: 32, count: 16, first: 160, digits: 5),
          Trits(start: 48, count: 4, first: 240, digits: 4),
        ])
    case .iq4XS:
      GGUFLayout(
        scale: 0, multipliers: .splitSixBits, multiplierStart: 2,
        planes: [Plane(start: 8, bits: 4, run: 16)])
    }
  }
}

extension GGUFLayout.Trits {
  /// The largest number of digits in a byte.
  private static let most = 5

  /// Writes the codes of a block, 0 to 2.
  ///
  /// The number of five digits, 0 to 242, is stretched to 0 to 255, rounding up, so that a product with 3 carries the
  /// next digit out of the byte.
  func pack(_ code: (Int) -> UInt8, at block: Int, into bytes: inout [UInt8]) {
    for m in 0..<count {
      var number = 0
      for n in 0..<Self.most {
        number = 3 * number + (n < digits ? Int(code(first + n * count + m)) : 0)
      }
      bytes[block + start + m] = UInt8((number * 256 + 242) / 243)
    }
  }

  /// Reads them.
  func unpack(_ bytes: [UInt8], at block: Int, _ set: (_ element: Int, _ code: UInt8) -> Void) {
    for m in 0..<count {
      var rest = Int(bytes[block + start + m])
      for n in 0..<digits {
        set(first + n * count + m, UInt8((3 * rest) >> 8))
        rest = 3 * rest & 255
      }
    }
  }
}
