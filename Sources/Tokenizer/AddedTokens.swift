// Tokens that are matched as a whole before the text reaches the model: those with `normalized`
// false in the raw text, those with `normalized` true in the normalized text. The leftmost match
// wins, and the longest of those that start at the same place.

/// An entry of the section `added_tokens`.
struct AddedToken {
  let id: TokenID
  let content: [UInt8]
  /// Does not match next to a word character.
  let isSingleWord: Bool
  /// Includes the white space to its left.
  let stripsLeft: Bool
  /// Includes the white space to its right.
  let stripsRight: Bool
  /// Matches in the normalized text, where the content is normalized too.
  let isNormalized: Bool
}

/// The section `added_tokens`.
struct AddedTokens {
  private(set) var tokens: [TokenID: AddedToken] = [:]
  private var ids: [ByteKey: TokenID] = [:]
  private var rawTrie = TokenTrie()
  private var normalizedTrie = TokenTrie()

  init(_ added: [AddedToken], _ normalizer: Normalizer?) throws(TokenizerError) {
    for token in added where !token.content.isEmpty {
      tokens[token.id] = token
      ids[ByteKey(token.content[...])] = token.id
    }
    // In ascending order of ids: of two tokens with the same content, the trie keeps the first.
    for token in tokens.values.sorted(by: { $0.id < $1.id }) {
      if token.isNormalized {
        normalizedTrie.insert(
          try normalizer?.normalize(token.content).bytes ?? token.content, token.id)
      } else {
        rawTrie.insert(token.content, token.id)
      }
    }
  }

  func id(of token: ArraySlice<UInt8>) -> TokenID? { ids[ByteKey(token)] }

  /// Splits a text into added tokens and the text between them, which has no id.
  func split(_ text: [UInt8], normalized isNormalized: Bool) -> [(range: Range<Int>, TokenID?)] {
    let trie = isNormalized ? normalizedTrie : rawTrie
    var parts: [(Range<Int>, TokenID?)] = []
    var (end, offset, strippedEnd) = (0, 0, 0)
    while let (found, id) = trie.firstMatch(in: text, from: offset) {
      offset = found.upperBound
      guard let token = tokens[id], isAllowed(token, at: found, in: text) else { continue }
      var (lower, upper) = (found.lowerBound, found.upperBound)
      if token.stripsLeft { lower = lower <= end ? end : text[end..<lower].endOfTrimmed }
      if token.stripsRight {
        // White space that was stripped before is not walked again: the time stays linear.
        upper = text[max(upper, strippedEnd)...].startOfTrimmed
        strippedEnd = upper
      }
      // A token of white space may lie in what the token before it has stripped.
      guard lower < upper else { continue }
      if end < lower { parts.append((end..<lower, nil)) }
      parts.append((lower..<upper, id))
      end = upper
    }
    if end < text.count { parts.append((end..<text.count, nil)) }
    return parts
  }

  private func isAllowed(_ token: AddedToken, at range: Range<Int>, in text: [UInt8]) -> Bool {
    guard token.isSingleWord else { return true }
    let neighbours = [text[..<range.lowerBound].lastScalar, text[range.upperBound...].firstScalar]
    return !neighbours.contains { $0?.isWord == true }
  }
}
