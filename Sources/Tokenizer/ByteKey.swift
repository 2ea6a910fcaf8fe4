/// A dictionary key that compares bytes and shares the buffer they were taken from.
struct ByteKey: Hashable {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }
  init(_ string: String) { bytes = Array(string.utf8)[...] }

  static func == (left: ByteKey, right: ByteKey) -> Bool { left.bytes == right.bytes }

  func hash(into hasher: inout Hasher) {
    // Feeding the hasher eight bytes at a time is several times faster than one at a time.
    let span = bytes.span
    var word: UInt64 = 0
    for index in span.indices {
      word = word << 8 | UInt64(span[index])
      if index & 7 == 7 { hasher.combine(word) }
    }
    hasher.combine(word)
    hasher.combine(span.count)
  }
}
