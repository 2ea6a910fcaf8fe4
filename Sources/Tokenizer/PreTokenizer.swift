/// The section `pre_tokenizer`: how a text is split into words for the model.
indirect enum PreTokenizer: Sendable {
  enum PrependScheme: String { case always, first, never }

  case sequence([PreTokenizer])
  case byteLevel(addsPrefixSpace: Bool, Pattern?)
  case split(Pattern, PreTokenizedText.Behavior, inverted: Bool)
  case metaspace(Unicode.Scalar, PrependScheme, splits: Bool)

  /// Splits and rewrites the pieces of a text.
  ///
  /// - Throws: `TokenizerError.matchingFailed`, or `.textTooLong` beyond the `GrowthLimit`.
  func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
    switch self {
    case .sequence(let parts):
      for part in parts { try part.preTokenize(&text) }
    case .byteLevel(let addsPrefixSpace, let pattern):
      if addsPrefixSpace {
        try text.rewrite { piece, _, result in
          if piece.first != UInt8(ascii: " ") { result.append(UInt8(ascii: " ")) }
          result += piece
        }
      }
      if let pattern { try text.split(by: pattern, .isolated) }
      try text.rewrite { piece, _, result in ByteLevel.encode(piece, into: &result) }
    case .split(let pattern, let behavior, let inverted):
      try text.split(by: pattern, behavior, inverted: inverted)
    case .metaspace(let replacement, let scheme, let splits):
      try Self.metaspace(&text, Array(String(Character(replacement)).utf8), scheme)
      if splits { try text.split(by: .scalars { $0 == replacement }, .mergedWithNext) }
    }
  }

  /// Replaces every space and, depending on the scheme, prepends a replacement to the piece.
  private static func metaspace(
    _ text: inout PreTokenizedText, _ replacement: [UInt8], _ scheme: PrependScheme
  ) throws(TokenizerError) {
    try text.rewrite { piece, startsText, result in
      let isPrepended = piece.first == UInt8(ascii: " ") || piece.starts(with: replacement)
      if !isPrepended, scheme == .always || scheme == .first && startsText { result += replacement }
      for byte in piece {
        if byte == UInt8(ascii: " ") { result += replacement } else { result.append(byte) }
      }
    }
  }
}
