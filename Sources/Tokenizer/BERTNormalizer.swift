// The cleaning of BERT's tokenizer. Categories are those of Unicode 8, as in the tables of the
// Python package.

/// The normalizer `BertNormalizer`.
struct BERTNormalizer {
  /// Removes control characters, and makes every white space a space.
  private let cleansText: Bool
  /// Puts spaces around Chinese characters.
  private let handlesChineseCharacters: Bool
  private let stripsAccents: Bool
  private let lowercases: Bool

  /// Reads the normalizer; without `strip_accents`, accents go with capital letters.
  init(_ section: Section) throws(TokenizerError) {
    cleansText = try section.bool("clean_text")
    handlesChineseCharacters = try section.bool("handle_chinese_chars")
    lowercases = try section.bool("lowercase")
    stripsAccents = try section.bool("strip_accents", default: lowercases)
  }

  /// Normalizes a text.
  ///
  /// - Throws: `TokenizerError.textTooLong` beyond the `GrowthLimit`.
  func normalize(_ text: inout NormalizedText) throws(TokenizerError) {
    if cleansText { try Self.clean(&text) }
    if handlesChineseCharacters { try Self.separateChinese(&text) }
    if stripsAccents {
      try text.transform(.decomposed)
      try text.removeScalars { $0.isNonspacingMark }
    }
    if lowercases { try text.lowercase() }
  }

  private static func clean(_ text: inout NormalizedText) throws(TokenizerError) {
    try text.rewriteScalars { scalar, bytes, result in
      if scalar == "\u{FFFD}" || isControl(scalar) { return }
      if scalar.properties.isWhitespace {
        result.append(UInt8(ascii: " "))
      } else {
        result += bytes
      }
    }
  }

  /// Whether this is of the general categories Cc, Cf and Co, but no tab or end of line.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: !["\t", "\n", "\r"].contains(scalar)
    case .format: scalar.isKnown(toUnicode: 8)
    case .privateUse: true
    default: false
    }
  }

  private static func separateChinese(_ text: inout NormalizedText) throws(TokenizerError) {
    let space = UInt8(ascii: " ")
    try text.rewriteScalars { scalar, bytes, result in
      switch scalar.value {
      case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
        0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
        result.append(space)
        result += bytes
        result.append(space)
      default: result += bytes
      }
    }
  }
}
