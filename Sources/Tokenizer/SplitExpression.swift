// Regular expressions, as ICU runs them for Foundation.
//
// The expressions of the files are written for Oniguruma with Ruby's syntax. Where the two read an
// expression differently, it is refused when the file is loaded: SplitExpression+Difference.swift.
// ICU's stack is bounded: some hundred thousand white-space characters in a row exhaust it.
// Foundation then ends the search without an error, but says so to those who ask for its completion.

import Foundation

/// A regular expression that says when it could not be applied.
struct SplitExpression: Sendable {
  let source: String
  private let expression: NSRegularExpression

  /// GPT-2's expression: contractions, then words, numbers and other signs with the blank before.
  static let byteLevel =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// Compiles an expression of a section.
  init(_ source: String, _ section: Section) throws(TokenizerError) {
    if let reason = Self.difference(in: source) {
      throw section.unsupported(
        "the regular expression \(source)",
        supported: "expressions that Oniguruma and ICU read alike, so not \(reason)")
    }
    self.source = source
    do {
      // In Ruby's syntax, ^ and $ are at lines, and only \n ends a line.
      expression = try NSRegularExpression(
        pattern: source, options: [.anchorsMatchLines, .useUnixLineSeparators])
    } catch {
      throw section.inconsistent(source, needed: "a regular expression that ICU can compile")
    }
  }

  /// The matches in a piece taken for itself, so that anchors see its ends.
  func matches(in bytes: [UInt8], _ range: Range<Int>) throws(TokenizerError) -> [Range<Int>] {
    let text = String(decoding: bytes[range], as: UTF8.self)
    var found: [Range<Int>] = []
    var cursor = UTF16Cursor(offset: range.lowerBound)
    var hasFailed = false
    let whole = NSRange(location: 0, length: text.utf16.count)
    // Safety: the block's last parameter, a pointer with which to stop, is not touched.
    unsafe expression.enumerateMatches(in: text, options: .reportCompletion, range: whole) {
      match, flags, _ in
      if flags.contains(.internalError) { hasFailed = true }
      guard let match else { return }
      let start = cursor.advance(to: match.range.lowerBound, in: bytes)
      found.append(start..<cursor.advance(to: match.range.upperBound, in: bytes))
    }
    guard !hasFailed else {
      throw .expressionExhausted(expression: source, pieceLength: whole.length)
    }
    return found
  }
}

/// Walks forward through UTF-8, counting in UTF-16.
private struct UTF16Cursor {
  var offset: Int
  private var units = 0

  init(offset: Int) { self.offset = offset }

  /// The byte offset at so many UTF-16 units from the start.
  mutating func advance(to target: Int, in bytes: [UInt8]) -> Int {
    while units < target, offset < bytes.count {
      let length = UTF8Scalars.length(bytes[offset])
      offset += length
      units += length == 4 ? 2 : 1
    }
    return offset
  }
}
