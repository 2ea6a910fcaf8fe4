// From text to ids and back, step by step as the sections of a tokenizer.json say:
//
//   added tokens (plain) → normalizer → added tokens (normalized) → pre-tokenizer → model
//   → post-processor                                              ids → decoder → text
//
// Goals, in this order: the same ids as Hugging Face's `tokenizers` for every text; an error when
// the file is loaded rather than a guess when it is used; speed.

import JSON

/// A tokenizer as a `tokenizer.json` describes it.
///
/// ```swift
/// let tokenizer = try Tokenizer(contentsOf: "model/tokenizer.json")
/// let ids = try tokenizer.encode("Hello world", addSpecialTokens: true)
/// let text = tokenizer.decode(ids)
/// ```
///
/// Truncation and padding of the file are not applied, as with `transformers`' default arguments.
public struct Tokenizer: Sendable {
  let normalizer: Normalizer?
  let preTokenizer: PreTokenizer?
  let model: BPE
  let addedTokens: AddedTokens
  let postProcessor: PostProcessor?
  let decoder: Decoder?

  /// How many tokens there are: the model's, and the added ones that are not among them.
  public let vocabularySize: Int

  /// The ids of a text.
  ///
  /// - Parameters:
  ///   - text: Any text.
  ///   - addSpecialTokens: Whether to add what the post-processor puts around a text, such as a
  ///     token for its beginning. Special tokens spelled out in the text count in either case.
  /// - Returns: The ids.
  /// - Throws: `TokenizerError.unknownTokenMissing` where the text needs an unknown token that the
  ///   vocabulary lacks; `.expressionExhausted` where some hundred thousand characters in a row
  ///   are too many for a regular expression of the file.
  /// - Complexity: O(n log n) for n bytes in one word, O(n) for many words.
  public func encode(
    _ text: String, addSpecialTokens: Bool = true
  ) throws(TokenizerError) -> [Int] {
    var ids: [TokenID] = []
    var cache = WordCache()
    let bytes = Array(text.utf8)
    for (range, token) in addedTokens.split(bytes, normalized: false) {
      if let token {
        ids.append(token)
      } else {
        try encode(Array(bytes[range]), startsText: range.lowerBound == 0, &cache, into: &ids)
      }
    }
    let processed = postProcessor?.process(ids, addSpecialTokens: addSpecialTokens) ?? ids
    return processed.map(Int.init)
  }

  /// Appends the ids of a text between plain added tokens.
  private func encode(
    _ text: [UInt8], startsText: Bool, _ cache: inout WordCache, into ids: inout [TokenID]
  ) throws(TokenizerError) {
    let normalized = try normalizer?.normalize(text) ?? text
    for (range, token) in addedTokens.split(normalized, normalized: true) {
      if let token {
        ids.append(token)
        continue
      }
      var words = PreTokenizedText(
        Array(normalized[range]), startsText: startsText && range.lowerBound == 0)
      try preTokenizer?.preTokenize(&words)
      for piece in words.pieces { try cache.encode(words.bytes[piece], by: model, into: &ids) }
    }
  }

  /// The text of ids; those without a token are left out.
  ///
  /// - Parameters:
  ///   - ids: Any ids.
  ///   - skipSpecialTokens: Whether special tokens are left out.
  /// - Returns: The text; bytes that are not UTF-8 become replacement characters.
  public func decode(_ ids: some Sequence<Int>, skipSpecialTokens: Bool = true) -> String {
    let tokens = ids.compactMap { id -> [UInt8]? in
      guard let id = TokenID(exactly: id),
        let token = addedTokens.decodable(id) ?? model.vocabulary.token(of: id).map(Array.init),
        !skipSpecialTokens || !addedTokens.isSpecial(token)
      else { return nil }
      return token
    }
    guard let decoder else {
      return String(
        decoding: Array(tokens.joined(separator: [UInt8(ascii: " ")])), as: UTF8.self)
    }
    return String(decoding: Array(decoder.decode(tokens).joined()), as: UTF8.self)
  }

  /// The id of a token, by the bytes of its spelling in the file.
  ///
  /// - Parameter token: The token, such as `<|endoftext|>` or `Ġthe`.
  /// - Returns: The id, or nil where there is no such token.
  public func id(of token: String) -> Int? {
    let bytes = Array(token.utf8)[...]
    return (addedTokens.id(of: bytes) ?? model.vocabulary.id(of: bytes)).map(Int.init)
  }

  /// The token of an id, in its spelling in the file.
  ///
  /// - Parameter id: The id.
  /// - Returns: The token, or nil where no token has this id.
  public func token(of id: Int) -> String? {
    guard let id = TokenID(exactly: id) else { return nil }
    let token = addedTokens.tokens[id]?.content[...] ?? model.vocabulary.token(of: id)
    return token.map { String(decoding: $0, as: UTF8.self) }
  }
}
