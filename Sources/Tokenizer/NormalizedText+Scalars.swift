// Normalizers that look at one scalar at a time.

extension NormalizedText {
  mutating func lowercase() throws(TokenizerError) {
    try rewriteScalars { scalar, _, result in result += scalar.properties.lowercaseMapping.utf8 }
  }

  /// The normalizer `Nmt`: removes control characters, and makes other invisible ones spaces.
  mutating func cleanForNMT() throws(TokenizerError) {
    try rewriteScalars { scalar, bytes, result in
      switch scalar.value {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
        result.append(UInt8(ascii: " "))
      default: result += bytes
      }
    }
  }
}
