// GPT-2's alphabet: every byte gets a printable character, so that a vocabulary of texts can hold
// any bytes. Printable Latin-1 characters stand for themselves; the 68 others, in order, are
// U+0100, U+0101 and so on.

/// The characters that stand for bytes, and back.
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

  private static let bytes: [[UInt8]: UInt8] = {
    var bytes: [[UInt8]: UInt8] = [:]
    for byte in UInt8.min...UInt8.max { bytes[characters[Int(byte)]] = byte }
    return bytes
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

  /// The bytes that a token stands for, or the token itself if it has other characters.
  static func decode(_ token: [UInt8]) -> [UInt8] {
    var decoded: [UInt8] = []
    for (_, range) in UTF8Scalars(token[...]) {
      guard let byte = bytes[Array(token[range])] else { return token }
      decoded.append(byte)
    }
    return decoded
  }
}
