// Tokens beside the model: taken out of the text before anything else happens to it (normalized
// false), or out of the normalized text (normalized true). At each place the longest one counts.

/// A token that is found in the text as a whole.
struct AddedToken {
  let id: TokenID
  let content: [UInt8]
  /// Not found inside a word.
  let isSingleWord: Bool
  /// Takes the white space on its left.
  let stripsLeft: Bool
  /// Takes the white space on its right.
  let stripsRight: Bool
  /// Found after normalization, itself normalized.
  let isNormalized: Bool
  /// Left out when ids are decoded.
  let isSpecial: Bool
}

/// The section `added_tokens`.
struct AddedTokens {
  private(set) var tokens: [TokenID: AddedToken] = [:]
  private var ids: [ByteKey: TokenID] = [:]
  private var specials: Set<ByteKey> = []
  /// What the tokens with `normalized` look like after normalization.
  private var normalizedContents: [TokenID: [UInt8]] = [:]
  private var plain = TokenTrie()
  private var normalized = TokenTrie()

  init(_ added: [AddedToken], _ normalizer: Normalizer?) throws(TokenizerError) {
    for token in added where !token.content.isEmpty {
      tokens[token.id] = token
      ids[ByteKey(token.content[...])] = token.id
      if token.isSpecial { specials.insert(ByteKey(token.content[...])) }
    }
    // In ascending order, so that of two tokens with one content the same always counts.
    for token in tokens.values.sorted(by: { $0.id < $1.id }) {
      if token.isNormalized {
        let content = try normalizer?.normalize(token.content) ?? token.content
        normalizedContents[token.id] = content
        normalized.insert(content, token.id)
      } else {
        plain.insert(token.content, token.id)
      }
    }
  }

  func id(of token: ArraySlice<UInt8>) -> TokenID? { ids[ByteKey(token)] }

  func isSpecial(_ token: [UInt8]) -> Bool { specials.contains(ByteKey(token[...])) }

  /// What the decoder gets for an id: the token as it is found in the text.
  func decodable(_ id: TokenID) -> [UInt8]? { normalizedContents[id] ?? tokens[id]?.content }

  /// The text between the tokens (nil) and the tokens, in order.
  func split(_ text: [UInt8], normalized isNormalized: Bool) -> [(range: Range<Int>, TokenID?)] {
    let trie = isNormalized ? normalized : plain
    var parts: [(Range<Int>, TokenID?)] = []
    var (end, offset) = (0, 0)
    while let (found, id) = trie.firstMatch(in: text, from: offset) {
      offset = found.upperBound
      guard let token = tokens[id], isAllowed(token, at: found, in: text) else { continue }
      var (lower, upper) = (found.lowerBound, found.upperBound)
      if token.stripsLeft { lower = max(text[..<lower].endOfTrimmed, end) }
      if token.stripsRight { upper = text[upper...].startOfTrimmed }
      if end < lower { parts.append((end..<lower, nil)) }
      parts.append((lower..<upper, id))
      end = upper
    }
    if end < text.count { parts.append((end..<text.count, nil)) }
    return parts
  }

  private func isAllowed(_ token: AddedToken, at range: Range<Int>, in text: [UInt8]) -> Bool {
    guard token.isSingleWord else { return true }
    var after = UTF8Scalars(text[range.upperBound...])
    let neighbours = [text[..<range.lowerBound].lastScalar, after.next()?.scalar]
    return !neighbours.contains { $0?.isWord == true }
  }
}

extension ArraySlice<UInt8> {
  /// Where the white space at the end begins.
  fileprivate var endOfTrimmed: Int {
    var rest = self
    while let last = rest.lastScalar, last.properties.isWhitespace {
      rest = rest.dropLast(UTF8.width(last))
    }
    return rest.endIndex
  }

  /// Where the white space at the start ends.
  fileprivate var startOfTrimmed: Int {
    for (scalar, range) in UTF8Scalars(self) where !scalar.properties.isWhitespace {
      return range.lowerBound
    }
    return endIndex
  }
}
