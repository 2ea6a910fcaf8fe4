extension SplitMix64 {
  /// Bytes that make new sense in a header more often than random ones do.
  private static let alphabet = Array(#"0123456789-.,:[]{}"eE+ FI\u"#.utf8)

  /// A copy of some bytes in which up to three within a range are changed, inserted or removed.
  package mutating func damaging(_ bytes: [UInt8], in range: Range<Int>) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<integer(in: 1..<4) {
      let position = integer(in: range.lowerBound..<min(range.upperBound, bytes.count))
      let other = Self.alphabet[integer(in: 0..<Self.alphabet.count)]
      switch integer(in: 0..<8) {
      case 0: bytes[position] = UInt8(truncatingIfNeeded: next())
      case 1: bytes[position] ^= 1 << UInt8(integer(in: 0..<8))
      case 2: bytes.insert(other, at: position)
      case 3: bytes.remove(at: position)
      default:
        // Mostly a digit for a digit, so that the file stays JSON with wrong sizes.
        let isDigit = (48...57).contains(bytes[position])
        bytes[position] = isDigit ? Self.alphabet[integer(in: 0..<11)] : other
      }
    }
    return bytes
  }
}
