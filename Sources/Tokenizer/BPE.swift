// Byte pair encoding: a word starts as its characters; the adjacent pair that was learned first is
// joined, again and again, until no learned pair is left.
//
//   rank(a, b)   the place of the pair in the list of merges
//   next step    the pair of lowest rank, the leftmost of equal ones
//
// A heap holds the pairs that exist; entries made obsolete by a neighbour's merge are recognized
// when they come out. So a word of n characters costs O(n log n), also where a whole text is one
// word, as with SentencePiece's models.

/// The model of a tokenizer: vocabulary, merges, and what happens to unknown characters.
struct BPE {
  struct Merge {
    let rank: UInt32
    let id: TokenID
  }

  let vocabulary: Vocabulary
  /// By the two ids, the left one in the upper half.
  let merges: [UInt64: Merge]
  let unknownToken: String?
  let fusesUnknown: Bool
  let ignoresMerges: Bool
  /// The tokens `<0x00>` to `<0xFF>`, nil where missing; empty without byte fallback.
  let byteTokens: [TokenID?]

  static func pair(_ left: TokenID, _ right: TokenID) -> UInt64 {
    UInt64(left) << 32 | UInt64(right)
  }

  /// Appends the ids of a word.
  func encode(
    _ word: ArraySlice<UInt8>, into ids: inout [TokenID]
  ) throws(TokenizerError) {
    if ignoresMerges, let id = vocabulary.id(of: word) {
      ids.append(id)
      return
    }
    var symbols = SymbolList(try characters(of: word))
    symbols.merge(by: merges)
    ids += symbols.ids
  }

  /// The ids of the word's single characters: of the vocabulary, or of their bytes, or unknown.
  private func characters(of word: ArraySlice<UInt8>) throws(TokenizerError) -> [TokenID] {
    var ids: [TokenID] = []
    ids.reserveCapacity(word.count)
    // An unknown token is held back, so that the next ones can be fused with it.
    var unknown: TokenID?
    for (_, range) in UTF8Scalars(word) {
      let character = word[range]
      if let id = vocabulary.id(of: character) {
        if let id = unknown { ids.append(id) }
        unknown = nil
        ids.append(id)
      } else if let bytes = byteFallback(character) {
        ids += bytes
      } else if let token = unknownToken {
        if let id = unknown, !fusesUnknown { ids.append(id) }
        guard let id = vocabulary.id(of: Array(token.utf8)[...]) else {
          throw .unknownTokenMissing(token: token)
        }
        unknown = id
      }
    }
    if let id = unknown { ids.append(id) }
    return ids
  }

  /// The tokens of a character's bytes, if all of them exist.
  private func byteFallback(_ character: ArraySlice<UInt8>) -> [TokenID]? {
    guard !byteTokens.isEmpty else { return nil }
    let ids = character.compactMap { byteTokens[Int($0)] }
    return ids.count == character.count ? ids : nil
  }
}

/// The symbols of a word while pairs of them are joined: a doubly linked list.
private struct SymbolList {
  struct Symbol {
    var id: TokenID
    var previous: Int
    var next: Int
    var isJoined = false
  }

  private var symbols: [Symbol]

  init(_ ids: [TokenID]) {
    symbols = ids.enumerated().map { Symbol(id: $1, previous: $0 - 1, next: $0 + 1) }
  }

  var ids: [TokenID] { symbols.lazy.filter { !$0.isJoined }.map(\.id) }

  mutating func merge(by merges: [UInt64: BPE.Merge]) {
    var queue = MergeQueue()
    for position in symbols.indices { enqueue(position, to: &queue, merges) }
    while let candidate = queue.popFirst() {
      let (position, next) = (candidate.position, symbols[candidate.position].next)
      guard !symbols[position].isJoined, next < symbols.count,
        merges[BPE.pair(symbols[position].id, symbols[next].id)]?.id == candidate.id
      else { continue }
      symbols[position].id = candidate.id
      symbols[position].next = symbols[next].next
      symbols[next].isJoined = true
      if symbols[next].next < symbols.count { symbols[symbols[next].next].previous = position }
      enqueue(symbols[position].previous, to: &queue, merges)
      enqueue(position, to: &queue, merges)
    }
  }

  /// Adds the pair that starts at a position, if there is one and it was learned.
  private func enqueue(
    _ position: Int, to queue: inout MergeQueue, _ merges: [UInt64: BPE.Merge]
  ) {
    guard position >= 0, symbols[position].next < symbols.count else { return }
    let next = symbols[symbols[position].next]
    guard let merge = merges[BPE.pair(symbols[position].id, next.id)] else { return }
    queue.insert(MergeQueue.Entry(rank: merge.rank, position: position, id: merge.id))
  }
}
