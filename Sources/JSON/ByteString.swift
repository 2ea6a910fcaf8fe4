/// A string that is compared and hashed by its UTF-8 bytes; the key type of objects.
package struct ByteString: Hashable, Sendable {
  /// The string.
  package let string: String

  /// A given string.
  package init(_ string: String) { self.string = string }

  package static func == (left: ByteString, right: ByteString) -> Bool {
    let (a, b) = (left.string.utf8Span.span, right.string.utf8Span.span)
    guard a.count == b.count else { return false }
    for index in a.indices where a[index] != b[index] { return false }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    let bytes = string.utf8Span.span
    var word: UInt64 = 0
    for index in bytes.indices {
      word = word << 8 | UInt64(bytes[index])
      if index & 7 == 7 { hasher.combine(word) }
    }
    hasher.combine(word)
    hasher.combine(bytes.count)
  }
}
