// What `Split` and `Replace` look for: a text, a regular expression, or single characters.
//
// Regular expressions run in ICU, the files' are written for Oniguruma with Ruby's syntax. Where
// the two read an expression differently, it is refused when the file is loaded.

import Foundation

/// A pattern that finds matches in pieces of text.
enum Pattern: Sendable {
  case text([UInt8])
  case expression(NSRegularExpression)
  case scalars(@Sendable (Unicode.Scalar) -> Bool)

  /// Reads `{"String": "…"}` or `{"Regex": "…"}`.
  init(_ section: Section) throws(TokenizerError) {
    if let text = try section.optionalString("String") {
      guard !text.isEmpty else { throw section.unsupported("an empty text", supported: "texts") }
      self = .text(Array(text.utf8))
    } else {
      let expression = try section.string("Regex")
      if let reason = Self.difference(in: expression) {
        throw section.unsupported(
          "the regular expression \(expression)",
          supported: "expressions that Oniguruma and ICU read alike, so not \(reason)")
      }
      self = try Self.expression(expression, section)
    }
  }

  /// GPT-2's expression: contractions, then words, numbers and other signs with the blank before.
  static let byteLevel = try? NSRegularExpression(
    pattern: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#)

  private static func expression(
    _ expression: String, _ section: Section
  ) throws(TokenizerError) -> Pattern {
    do {
      // In Ruby's syntax, ^ and $ are at lines, and only \n ends a line.
      return .expression(
        try NSRegularExpression(
          pattern: expression, options: [.anchorsMatchLines, .useUnixLineSeparators]))
    } catch {
      throw section.inconsistent(
        "\(expression)", needed: "a regular expression that ICU can compile")
    }
  }

  /// The matches within a range of bytes, in order.
  func matches(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    switch self {
    case .text(let text): Self.occurrences(of: text, in: bytes, range)
    case .expression(let expression): Self.matches(of: expression, in: bytes, range)
    case .scalars(let isMatch):
      UTF8Scalars(bytes[range]).filter { isMatch($0.scalar) }.map(\.range)
    }
  }

  private static func occurrences(
    of text: [UInt8], in bytes: [UInt8], _ range: Range<Int>
  ) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var offset = range.lowerBound
    while offset + text.count <= range.upperBound {
      if bytes[offset] == text[0], bytes[offset..<offset + text.count].elementsEqual(text) {
        found.append(offset..<offset + text.count)
        offset += text.count
      } else {
        offset += 1
      }
    }
    return found
  }

  /// The matches of an expression in a piece taken for itself, so that anchors see its ends.
  private static func matches(
    of expression: NSRegularExpression, in bytes: [UInt8], _ range: Range<Int>
  ) -> [Range<Int>] {
    let text = String(decoding: bytes[range], as: UTF8.self)
    var found: [Range<Int>] = []
    var cursor = UTF16Cursor(offset: range.lowerBound)
    let whole = NSRange(location: 0, length: text.utf16.count)
    for match in expression.matches(in: text, range: whole) {
      let start = cursor.advance(to: match.range.lowerBound, in: bytes)
      found.append(start..<cursor.advance(to: match.range.upperBound, in: bytes))
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
