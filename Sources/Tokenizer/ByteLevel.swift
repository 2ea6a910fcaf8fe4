// GPT-2's byte-level alphabet: each byte is written as a printable character, so that tokens of
// arbitrary bytes can be stored as text. Printable Latin-1 characters stand for themselves; the
// other 68 bytes are mapped, in order, to U+0100, U+0101 and so on.

/// The mapping from bytes to GPT-2's byte-level alphabet.
enum ByteLevel {
  /// The UTF-8 of the character for each byte.
  private static let characters: [[UInt8]] = {
    var shifted: UInt32 = 0x100
    return (0...255).map { (byte: UInt32) in
      var value = byte
      if !isPrintable(byte) {
        value = shifted
        shifted += 1
      }
      return Array(String(Unicode.Scalar(value).map(Character.init) ?? " ").utf8)
    }
  }()

  private static func isPrintable(_ byte: UInt32) -> Bool {
    switch byte {
    case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
    default: false
    }
  }

  /// Appends the character of each byte.
  static func encode(_ bytes: ArraySlice<UInt8>, into result: inout [UInt8]) {
    let characters = characters
    for byte in bytes { result += characters[Int(byte)] }
  }
}
