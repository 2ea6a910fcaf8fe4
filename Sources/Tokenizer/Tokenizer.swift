// Encoding, in the steps that the sections of a tokenizer.json describe:
//
//   text → added tokens (raw) → normalizer → added tokens (normalized) → pre-tokenizer → model
//        → post-processor → ids
//
// Nothing here turns ids back into text, so the section `decoder` is not read.
//
// Goals, in this order: for every text the ids of the Python package `tokenizers`; an error, never
// a guess, for files that are not understood; speed.

import JSON

/// A tokenizer described by a `tokenizer.json`.
///
/// ```swift
/// let tokenizer = try Tokenizer(parsing: bytes)
/// let ids = try tokenizer.encode("Hello world", addSpecialTokens: true)
/// ```
///
/// The sections `truncation` and `padding` are ignored, which is also the default of
/// `transformers`.
package struct Tokenizer: Sendable {
  let normalizer: Normalizer?
  let preTokenizer: PreTokenizer?
  let model: Model
  let addedTokens: AddedTokens
  // Calibration and evaluation do not need this section, so a file is usable without it.
  let postProcessor: Result<PostProcessor?, TokenizerError>

  /// The number of tokens: those of the model and the added tokens that are not among them.
  package let vocabularySize: Int

  /// The ids of a text.
  ///
  /// - Parameters:
  ///   - text: Any text.
  ///   - addSpecialTokens: Whether to apply the post-processor, which adds special tokens around
  ///     the text. Special tokens that are spelled out in the text are recognized in any case.
  /// - Returns: The ids.
  /// - Throws: `TokenizerError.unknownTokenMissing` or `.unknownTokenUnset` if a character has no
  ///   token and there is no unknown token; `.matchingFailed` if a regular expression of the file backtracks
  ///   too much; `.textTooLong` if the normalizer or the pre-tokenizer makes the text many times
  ///   longer; with `addSpecialTokens`, the error of a section `post_processor` that cannot be
  ///   read.
  /// - Complexity: O(n log n) for n bytes in one word, O(n) if words are short; each regular
  ///   expression adds what `SearchBudget` allows.
  package func encode(
    _ text: String, addSpecialTokens: Bool = true
  ) throws(TokenizerError) -> [Int] {
    let postProcessor = addSpecialTokens ? try self.postProcessor.get() : nil
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
    return (postProcessor?.addSpecialTokens(to: ids) ?? ids).map(Int.init)
  }

  /// Appends the ids of a stretch of text between raw added tokens.
  private func encode(
    _ text: [UInt8], startsText: Bool, _ cache: inout WordCache, into ids: inout [TokenID]
  ) throws(TokenizerError) {
    let normalized = try normalizer?.normalize(text) ?? NormalizedText(text)
    for (range, token) in addedTokens.split(normalized.bytes, normalized: true) {
      if let token {
        ids.append(token)
        continue
      }
      var words = PreTokenizedText(
        Array(normalized.bytes[range]),
        originCount: startsText ? max(0, normalized.originCount - range.lowerBound) : 0)
      try preTokenizer?.preTokenize(&words)
      for piece in words.pieces { try cache.encode(words.bytes[piece], by: model, into: &ids) }
    }
  }

  /// The id of a token, or nil if there is no such token.
  ///
  /// - Parameter token: The token as the file spells it, such as `<|endoftext|>` or `Ġthe`;
  ///   compared by its UTF-8 bytes.
  /// - Returns: The id.
  package func id(of token: String) -> Int? {
    let bytes = Array(token.utf8)[...]
    return (addedTokens.id(of: bytes) ?? model.vocabulary.id(of: bytes)).map(Int.init)
  }

  /// The token with an id, as the file spells it, or nil if there is none.
  package func token(of id: Int) -> String? {
    guard let id = TokenID(exactly: id) else { return nil }
    let token = addedTokens.tokens[id]?.content[...] ?? model.vocabulary.token(of: id)
    return token.map { String(decoding: $0, as: UTF8.self) }
  }
}
