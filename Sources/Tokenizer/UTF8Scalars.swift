// Unicode scalars of UTF-8 bytes. The bytes in this module come from strings and are only ever cut
// between scalars, so they are valid.

extension ArraySlice<UInt8> {
  /// Calls a closure with each scalar and the range of its bytes.
  ///
  /// - Precondition: The bytes are UTF-8.
  func forEachScalar<Failure>(
    _ body: (Unicode.Scalar, Range<Int>) throws(Failure) -> Void
  ) throws(Failure) {
    guard let text = try? UTF8Span(validating: span) else {
      preconditionFailure("the bytes \(indices) were cut within a scalar")
    }
    var scalars = text.makeUnicodeScalarIterator()
    var start = startIndex
    while let scalar = scalars.next() {
      let end = startIndex + scalars.currentCodeUnitOffset
      try body(scalar, start..<end)
      start = end
    }
  }

  /// The first scalar, if there is one.
  var firstScalar: Unicode.Scalar? {
    String(decoding: prefix(4), as: UTF8.self).unicodeScalars.first
  }

  /// The last scalar, if there is one.
  var lastScalar: Unicode.Scalar? {
    String(decoding: suffix(4), as: UTF8.self).unicodeScalars.last
  }

  /// The index after leading white space.
  var startOfTrimmed: Int {
    var rest = self
    while let first = rest.firstScalar, first.properties.isWhitespace {
      rest = rest.dropFirst(UTF8.width(first))
    }
    return rest.startIndex
  }

  /// The index of trailing white space.
  var endOfTrimmed: Int {
    var rest = self
    while let last = rest.lastScalar, last.properties.isWhitespace {
      rest = rest.dropLast(UTF8.width(last))
    }
    return rest.endIndex
  }
}

extension Unicode.Scalar {
  /// Whether `\w` matches: a letter, mark, decimal digit, connector or joiner of Unicode 16.
  var isWord: Bool {
    guard isKnown(toUnicode: 16) else { return false }
    return switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: properties.isAlphabetic || properties.isJoinControl
    }
  }
}
