import JSON

/// The id of a token.
typealias TokenID = UInt32

/// The mapping between tokens, compared by bytes, and ids.
struct Vocabulary {
  private var ids: [ByteKey: TokenID] = [:]
  private var tokens: [TokenID: ByteKey] = [:]

  var count: Int { ids.count }

  func id(of token: ArraySlice<UInt8>) -> TokenID? { ids[ByteKey(token)] }

  func token(of id: TokenID) -> ArraySlice<UInt8>? { tokens[id]?.bytes }

  /// Reads `model.vocab`, an object that maps tokens to ids.
  init(_ section: Section) throws(TokenizerError) {
    let object = try section.object()
    // All tokens share one buffer; the keys are slices of it.
    var buffer: [UInt8] = []
    var entries: [(end: Int, id: TokenID)] = []
    for member in object {
      guard case .number(let number) = member.value,
        let id = number.int.flatMap(TokenID.init(exactly:))
      else {
        throw section.inconsistent(
          "\(member.value.kind) for \"\(member.name)\"", needed: "an id of 32 bits")
      }
      buffer += member.name.utf8
      entries.append((buffer.count, id))
    }
    ids.reserveCapacity(entries.count)
    tokens.reserveCapacity(entries.count)
    var start = 0
    for (end, id) in entries {
      let token = ByteKey(buffer[start..<end])
      ids[token] = id
      tokens[id] = token
      start = end
    }
  }
}
