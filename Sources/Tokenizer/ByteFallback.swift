/// The tokens of bytes, such as `<0x0A>`, for characters that have no token of their own.
struct ByteFallback {
  /// The ids of `<0x00>` to `<0xFF>`, nil for missing ones.
  private let tokens: [TokenID?]

  init(_ vocabulary: Vocabulary) {
    tokens = (0...255).map { vocabulary.id(of: Array(Self.token($0).utf8)[...]) }
  }

  private static func token(_ byte: Int) -> String {
    "<0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))>"
  }

  /// The tokens of the bytes of a text, or nil unless all of them exist.
  func ids(of text: ArraySlice<UInt8>) -> [TokenID]? {
    var ids: [TokenID] = []
    for byte in text {
      guard let id = tokens[Int(byte)] else { return nil }
      ids.append(id)
    }
    return ids
  }
}
