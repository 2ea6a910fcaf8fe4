// A trie in one array (Aoe 1989), as the library Darts-clone lays it out for SentencePiece. A unit
// of 32 bits describes a node:
//
//   bits 0…7 and 31   the byte that leads to the node
//   bit 8             whether a string ends here; then the unit at the node's base is its value
//   bits 9…30         the base: bits 10…30, shifted left by 8 if bit 9 is set
//
// The child of a node by a byte is the unit at base XOR byte.

/// A trie of byte strings with a value for each.
struct DoubleArray {
  private let units: [UInt32]

  /// The trie of 4-byte little-endian units, or nil if there is none.
  init?(_ bytes: ArraySlice<UInt8>) {
    units = stride(from: bytes.startIndex, to: bytes.endIndex - 3, by: 4).map { start in
      (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
    }
    if units.isEmpty { return nil }
  }

  /// The value of the shortest string that is a prefix of a text; a NUL ends the text.
  enum Outcome {
    case value(Int)
    case noMatch
    /// The trie refers to a unit that it does not have.
    case missingUnit(Int)
  }

  func shortestPrefix(of text: ArraySlice<UInt8>) -> Outcome {
    var position = Self.base(units[0])
    for byte in text {
      if byte == 0 { return .noMatch }
      position ^= Int(byte)
      guard units.indices.contains(position) else { return .missingUnit(position) }
      let unit = units[position]
      guard unit & 0x8000_00FF == UInt32(byte) else { return .noMatch }
      position ^= Self.base(unit)
      if unit >> 8 & 1 == 1 {
        guard units.indices.contains(position) else { return .missingUnit(position) }
        return .value(Int(units[position] & 0x7FFF_FFFF))
      }
    }
    return .noMatch
  }

  private static func base(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 0x200) >> 6) }
}
