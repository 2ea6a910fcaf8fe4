import JSON

/// The id of a token.
typealias TokenID = UInt32

/// The mapping between tokens, compared by bytes, and ids.
struct Vocabulary {
  private var ids: [ByteKey: TokenID] = [:]
  private var tokens: [TokenID: ByteKey] = [:]

  /// The number of tokens; in a list, equal ones count separately.
  let count: Int

  func id(of token: ArraySlice<UInt8>) -> TokenID? { ids[ByteKey(token)] }

  func token(of id: TokenID) -> ArraySlice<UInt8>? { tokens[id]?.bytes }

  /// The distinct tokens, in any order.
  var entries: [(bytes: ArraySlice<UInt8>, id: TokenID)] { ids.map { ($0.bytes, $1) } }

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
    self.init(buffer, entries)
  }

  /// The vocabulary of a list of tokens, whose ids are their positions.
  ///
  /// Of equal tokens, the last has the id; each id has its token.
  init(_ list: [String]) {
    var buffer: [UInt8] = []
    var entries: [(end: Int, id: TokenID)] = []
    // A list with more tokens than there are ids would take 16 GiB.
    for (token, id) in zip(list, 0...TokenID.max) {
      buffer += token.utf8
      entries.append((buffer.count, id))
    }
    self.init(buffer, entries)
  }

  private init(_ buffer: [UInt8], _ entries: [(end: Int, id: TokenID)]) {
    var ids: [ByteKey: TokenID] = [:]
    var tokens: [TokenID: ByteKey] = [:]
    ids.reserveCapacity(entries.count)
    tokens.reserveCapacity(entries.count)
    var start = 0
    for (end, id) in entries {
      let token = ByteKey(buffer[start..<end])
      ids[token] = id
      tokens[id] = token
      start = end
    }
    (self.ids, self.tokens) = (ids, tokens)
    count = entries.count
  }
}
