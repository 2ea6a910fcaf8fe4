// Normalizers that look at one scalar at a time.

extension NormalizedText {
  mutating func lowercase() throws(TokenizerError) {
    try rewriteScalars { scalar, _, result in result += scalar.properties.lowercaseMapping.utf8 }
  }
}
