// How the integers of super-blocks are put into bytes.

extension GGUFLayout.Multipliers {
  /// The number of bytes that they take.
  var byteCount: Int {
    switch self {
    case .none: 0
    case .nibbles, .bytes: 16
    case .sixBitPairs, .sixBits: 12
    case .splitSixBits: 6
    }
  }

  /// The bytes of the integers of scales and offsets.
  func bytes(scales: [Int], offsets: [Int]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    for (j, scale) in scales.enumerated() {
      let n = UInt8(truncatingIfNeeded: scale)
      switch self {
      case .none: break
      case .bytes: bytes[j] = n
      case .nibbles: bytes[j] = n | UInt8(offsets[j]) << 4
      case .sixBitPairs:
        let m = UInt8(offsets[j])
        if j < 4 {
          bytes[j] |= n
          bytes[j + 4] |= m
        } else {
          // The upper two bits stand above those of the first four.
          bytes[j + 4] = n & 15 | m << 4
          bytes[j - 4] |= (n >> 4) << 6
          bytes[j] |= (m >> 4) << 6
        }
      case .sixBits:
        let n = UInt8(scale + 32)
        bytes[j % 8] |= (n & 15) << (j < 8 ? 0 : 4)
        bytes[8 + j % 4] |= (n >> 4) << (2 * (j / 4))
      case .splitSixBits:
        let n = UInt8(scale + 32)
        bytes[2 + j / 2] |= (n & 15) << (4 * (j % 2))
        bytes[j / 4] |= (n >> 4) << (2 * (j % 4))
      }
    }
    return bytes
  }

  /// The integers in such bytes; no offsets where there are none.
  func integers(in bytes: [UInt8]) -> (scales: [Int], offsets: [Int]) {
    switch self {
    case .none: return ([], [])
    case .bytes: return (bytes.map { Int(Int8(bitPattern: $0)) }, [])
    case .nibbles: return (bytes.map { Int($0 & 15) }, bytes.map { Int($0 >> 4) })
    case .sixBitPairs:
      let (first, second) = (bytes[0..<4], bytes[4..<8])
      let low = bytes[8..<12].map { $0 & 15 }
      let high = bytes[8..<12].map { $0 >> 4 }
      return (
        first.map { Int($0 & 63) } + zip(low, first).map { Self.joined($0, $1 >> 6) },
        second.map { Int($0 & 63) } + zip(high, second).map { Self.joined($0, $1 >> 6) }
      )
    case .sixBits:
      let scales = (0..<16).map { j -> Int in
        let low = j < 8 ? bytes[j] & 15 : bytes[j - 8] >> 4
        return Self.joined(low, bytes[8 + j % 4] >> UInt8(2 * (j / 4)) & 3) - 32
      }
      return (scales, [])
    case .splitSixBits:
      let scales = (0..<8).map { j -> Int in
        let low = bytes[2 + j / 2] >> UInt8(4 * (j % 2)) & 15
        return Self.joined(low, bytes[j / 4] >> UInt8(2 * (j % 4)) & 3) - 32
      }
      return (scales, [])
    }
  }

  /// An integer of 6 bits.
  private static func joined(_ low: UInt8, _ high: UInt8) -> Int { Int(low | high << 4) }
}
