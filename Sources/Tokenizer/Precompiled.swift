// The normalization of a SentencePiece model: a trie of strings, each with the offset of its
// replacement in a list of strings that end with NUL. In the file this is base64 of
//
//   n      4 bytes, little-endian   the length of the trie
//   trie   n bytes                  see `DoubleArray`
//   list   the rest                 UTF-8
//
// SentencePiece replaces the longest string that matches at each position. The Python package does
// something else, which is followed here: it replaces a whole user-perceived character of fewer than
// six bytes if the shortest string that matches at its start exists, and else the scalars of the
// character, each likewise.

import Foundation

/// The normalizer `Precompiled`.
struct Precompiled {
  private let trie: DoubleArray
  private let replacements: [UInt8]
  private let section: String

  /// Reads the member `precompiled_charsmap`.
  init(_ section: Section) throws(TokenizerError) {
    let field = try section.section("precompiled_charsmap")
    let text = try section.string("precompiled_charsmap")
    guard let data = Data(base64Encoded: text) else {
      throw field.inconsistent("a string that is not base64", needed: "base64 with padding")
    }
    let bytes = Array(data)
    guard bytes.count >= 4 else {
      throw field.inconsistent("\(bytes.count) bytes", needed: "the length of the trie in 4 bytes")
    }
    let count = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) } / 4 * 4
    guard count <= bytes.count - 4, let trie = DoubleArray(bytes[4..<4 + count]) else {
      throw field.inconsistent(
        "a trie of \(count) bytes",
        needed: "at least 4 bytes, of the \(bytes.count - 4) after its length")
    }
    self.trie = trie
    replacements = Array(bytes[(4 + count)...])
    self.section = field.path
    guard (try? UTF8Span(validating: replacements.span)) != nil else {
      throw field.inconsistent("replacements that are not UTF-8", needed: "UTF-8")
    }
  }

  /// Normalizes a text.
  ///
  /// - Throws: `TokenizerError.inconsistent` if the trie leads out of itself or of the replacements,
  ///   `.textTooLong` beyond the `GrowthLimit`.
  func normalize(_ text: inout NormalizedText) throws(TokenizerError) {
    var rewriter = OffsetRewriter(text)
    var start = 0
    for character in String(decoding: text.bytes, as: UTF8.self) {
      let bytes = text.bytes[start..<start + character.utf8.count]
      start = bytes.endIndex
      if bytes.count < 6, let range = try replacement(of: bytes) {
        try rewriter.replace(bytes, with: replacements[range])
        continue
      }
      try bytes.forEachScalar { (_, scalar) throws(TokenizerError) in
        if let range = try replacement(of: bytes[scalar]) {
          try rewriter.replace(bytes[scalar], with: replacements[range])
        } else {
          rewriter.keep(bytes[scalar])
        }
      }
    }
    text = rewriter.text
  }

  /// Where the replacement of a string is, if it starts with one that has a replacement.
  private func replacement(of text: ArraySlice<UInt8>) throws(TokenizerError) -> Range<Int>? {
    switch trie.shortestPrefix(of: text) {
    case .noMatch:
      return nil
    case .missingUnit(let unit):
      throw .inconsistent(
        section: section, found: "a step to the unit \(unit) of the trie", needed: "one within it")
    case .value(let start):
      guard start <= replacements.count,
        start == replacements.count || !UTF8.isContinuation(replacements[start])
      else {
        throw .inconsistent(
          section: section, found: "a replacement at byte \(start) of \(replacements.count)",
          needed: "one that starts with a character of the list")
      }
      return start..<(replacements[start...].firstIndex(of: 0) ?? replacements.count)
    }
  }
}
