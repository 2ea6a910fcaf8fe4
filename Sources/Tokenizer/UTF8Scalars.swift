// Reading scalars out of UTF-8 bytes. The bytes of this module come out of strings and are cut
// between scalars only, so they are valid; were they not, a replacement character would be read.

/// The Unicode scalars of valid UTF-8, each with the range of its bytes.
struct UTF8Scalars: Sequence, IteratorProtocol {
  private let bytes: ArraySlice<UInt8>
  private var offset: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    offset = bytes.startIndex
  }

  mutating func next() -> (scalar: Unicode.Scalar, range: Range<Int>)? {
    guard offset < bytes.endIndex else { return nil }
    let lead = bytes[offset]
    let count = Swift.min(UTF8Scalars.length(lead), bytes.endIndex - offset)
    let start = offset
    offset += count
    if count == 1 { return (Unicode.Scalar(lead), start..<offset) }
    var value = UInt32(lead) & (0x7F >> UInt32(count))
    for byte in bytes[start + 1..<offset] { value = value << 6 | UInt32(byte & 0x3F) }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", start..<offset)
  }

  /// How many bytes a scalar with this first byte has.
  static func length(_ lead: UInt8) -> Int {
    switch lead {
    case ..<0xC0: 1
    case ..<0xE0: 2
    case ..<0xF0: 3
    default: 4
    }
  }
}

extension ArraySlice<UInt8> {
  /// The last scalar, if there is one.
  var lastScalar: Unicode.Scalar? {
    guard let start = lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return nil }
    var scalars = UTF8Scalars(self[start...])
    return scalars.next()?.scalar
  }
}

extension Unicode.Scalar {
  /// What `\w` matches: letters and their like, marks, decimal digits, connectors and joiners.
  var isWord: Bool {
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: properties.isAlphabetic || properties.isJoinControl
    }
  }
}
