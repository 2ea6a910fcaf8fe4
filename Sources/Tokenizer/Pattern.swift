/// What `Split` and `Replace` look for: a text, a regular expression, or single characters.
enum Pattern: Sendable {
  case text([UInt8])
  case expression(SplitExpression)
  case scalars(@Sendable (Unicode.Scalar) -> Bool)

  /// Reads `{"String": "…"}` or `{"Regex": "…"}`.
  init(_ section: Section) throws(TokenizerError) {
    if let text = try section.optionalString("String") {
      guard !text.isEmpty else { throw section.unsupported("an empty text", supported: "texts") }
      self = .text(Array(text.utf8))
    } else {
      self = .expression(try SplitExpression(try section.string("Regex"), section))
    }
  }

  /// The matches within a range of bytes, in order.
  func matches(in bytes: [UInt8], _ range: Range<Int>) throws(TokenizerError) -> [Range<Int>] {
    switch self {
    case .text(let text): Self.occurrences(of: text, in: bytes, range)
    case .expression(let expression): try expression.matches(in: bytes, range)
    case .scalars(let isMatch):
      UTF8Scalars(bytes[range]).filter { isMatch($0.scalar) }.map(\.range)
    }
  }

  /// Where a text that is not empty occurs, from the left, without overlaps.
  static func occurrences(
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
}

extension [UInt8] {
  /// This text with all matches, ascending ranges, replaced.
  func replacing(_ matches: [Range<Int>], with content: [UInt8]) -> [UInt8] {
    if matches.isEmpty { return self }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var offset = 0
    for match in matches {
      result += self[offset..<match.lowerBound]
      result += content
      offset = match.upperBound
    }
    result += self[offset...]
    return result
  }
}
