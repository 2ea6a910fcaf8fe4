/// What `Split`, `Replace` and their kin search for.
enum Pattern: Sendable {
  case text([UInt8])
  case expression(RegularExpression)
  case scalars(@Sendable (Unicode.Scalar) -> Bool)
  /// Consecutive stretches of so many scalars, the last of which may be shorter.
  case chunks(of: Int)
  /// Stretches of characters of the same script.
  case scriptRuns

  /// Reads `{"String": "…"}` or `{"Regex": "…"}`.
  init(_ section: Section) throws(TokenizerError) {
    if let text = try section.optionalString("String") {
      guard !text.isEmpty else {
        throw section.unsupported("an empty string", supported: "a string that is not empty")
      }
      self = .text(Array(text.utf8))
    } else {
      self = .expression(try RegularExpression(try section.string("Regex"), section))
    }
  }

  /// The matches within a range of bytes, in order and without overlaps.
  func matches(in bytes: [UInt8], _ range: Range<Int>) throws(TokenizerError) -> [Range<Int>] {
    switch self {
    case .text(let text): Self.occurrences(of: text, in: bytes, range)
    case .expression(let expression): try expression.matches(in: bytes, range)
    case .scalars(let isMatch): Self.scalars(in: bytes[range], where: isMatch)
    case .chunks(let length): Self.chunks(of: length, in: bytes[range])
    case .scriptRuns: UnicodeScripts.runs(in: bytes[range])
    }
  }

  /// The occurrences of a string that is not empty, from left to right and without overlaps.
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

  private static func scalars(
    in text: ArraySlice<UInt8>, where isMatch: (Unicode.Scalar) -> Bool
  ) -> [Range<Int>] {
    var found: [Range<Int>] = []
    text.forEachScalar { scalar, range in if isMatch(scalar) { found.append(range) } }
    return found
  }

  private static func chunks(of length: Int, in text: ArraySlice<UInt8>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var (start, count) = (text.startIndex, 0)
    text.forEachScalar { _, range in
      count += 1
      guard count == length || range.upperBound == text.endIndex else { return }
      found.append(start..<range.upperBound)
      (start, count) = (range.upperBound, 0)
    }
    return found
  }
}

extension [UInt8] {
  /// This text with every match replaced.
  ///
  /// - Parameters:
  ///   - matches: Ranges in ascending order, without overlaps.
  ///   - content: The replacement.
  ///   - limit: The limit for the result.
  /// - Returns: The new text.
  /// - Throws: `TokenizerError.textTooLong`, before the result is allocated.
  func replacing(
    _ matches: [Range<Int>], with content: [UInt8], _ limit: GrowthLimit
  ) throws(TokenizerError) -> [UInt8] {
    if matches.isEmpty { return self }
    let (added, overflows) = matches.count.multipliedReportingOverflow(by: content.count)
    try limit.check(overflows ? .max : added)
    let needed = count - matches.reduce(0) { $0 + $1.count } + added
    try limit.check(needed)
    var result: [UInt8] = []
    result.reserveCapacity(needed)
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
