// Byte pair encoding (Sennrich et al. 2016): a word starts as the sequence of its characters; then
// the adjacent pair with the lowest rank is merged, until no adjacent pair has a merge.
//
//   rank(a, b)   the position of the pair in the list of merges
//   next merge   the pair of lowest rank, the leftmost if there are several
//
// A heap holds the candidate merges. An entry that a neighbouring merge has made stale is detected
// when it is popped. A word of n characters therefore costs O(n log n), which matters for
// SentencePiece models, where a whole text can be a single word.

/// The section `model`: the vocabulary, the merges and the treatment of unknown characters.
struct BPE {
  struct Merge {
    let rank: UInt32
    let id: TokenID
  }

  let vocabulary: Vocabulary
  /// The merge of each pair of ids; see `pair(_:_:)` for the key.
  let merges: [UInt64: Merge]
  let unknownToken: String?
  let fusesUnknown: Bool
  let ignoresMerges: Bool
  let byteFallback: ByteFallback?
  /// What precedes every character but the first of a word in its token, such as `##`.
  let continuingSubwordPrefix: [UInt8]
  /// What follows the last character of a word in its token, such as `</w>`.
  let endOfWordSuffix: [UInt8]

  /// Packs two ids into a key, the left one in the upper half.
  static func pair(_ left: TokenID, _ right: TokenID) -> UInt64 {
    UInt64(left) << 32 | UInt64(right)
  }

  /// Appends the ids of a word.
  ///
  /// - Throws: `TokenizerError.unknownTokenMissing`.
  /// - Complexity: O(n log n) for n characters.
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

  /// The ids of the characters of a word.
  ///
  /// A character that is not in the vocabulary becomes the tokens of its bytes, or else the unknown
  /// token; without an unknown token it is dropped.
  private func characters(of word: ArraySlice<UInt8>) throws(TokenizerError) -> [TokenID] {
    var ids: [TokenID] = []
    ids.reserveCapacity(word.count)
    // An unknown token is appended late, so that those that follow can be fused with it. As in
    // the Python package, byte tokens do not end such a run.
    var unknown: TokenID?
    try word.forEachScalar { (_, range) throws(TokenizerError) in
      let character = symbol(range, in: word)
      if let id = vocabulary.id(of: character) {
        if let id = unknown { ids.append(id) }
        unknown = nil
        ids.append(id)
      } else if let bytes = byteFallback?.ids(of: character) {
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

  /// The character at a range of a word, with what marks its place in the word.
  private func symbol(_ range: Range<Int>, in word: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    if continuingSubwordPrefix.isEmpty && endOfWordSuffix.isEmpty { return word[range] }
    var symbol = range.lowerBound > word.startIndex ? continuingSubwordPrefix : []
    symbol += word[range]
    if range.upperBound == word.endIndex { symbol += endOfWordSuffix }
    return symbol[...]
  }
}

/// The symbols of a word during merging: a doubly linked list in an array.
private struct SymbolList {
  struct Symbol {
    var id: TokenID
    var previous: Int
    var next: Int
    /// Whether this symbol has become part of the one to its left.
    var isMerged = false
  }

  private var symbols: [Symbol]

  init(_ ids: [TokenID]) {
    symbols = ids.enumerated().map { Symbol(id: $1, previous: $0 - 1, next: $0 + 1) }
  }

  var ids: [TokenID] { symbols.lazy.filter { !$0.isMerged }.map(\.id) }

  mutating func merge(by merges: [UInt64: BPE.Merge]) {
    var queue = MergeQueue()
    for position in symbols.indices { enqueue(position, to: &queue, merges) }
    while let candidate = queue.popFirst() {
      let (position, next) = (candidate.position, symbols[candidate.position].next)
      guard !symbols[position].isMerged, next < symbols.count,
        merges[BPE.pair(symbols[position].id, symbols[next].id)]?.id == candidate.id
      else { continue }
      symbols[position].id = candidate.id
      symbols[position].next = symbols[next].next
      symbols[next].isMerged = true
      if symbols[next].next < symbols.count { symbols[symbols[next].next].previous = position }
      enqueue(symbols[position].previous, to: &queue, merges)
      enqueue(position, to: &queue, merges)
    }
  }

  /// Adds the merge of the symbol at a position with the next one, if there is such a merge.
  private func enqueue(
    _ position: Int, to queue: inout MergeQueue, _ merges: [UInt64: BPE.Merge]
  ) {
    guard position >= 0, symbols[position].next < symbols.count else { return }
    let next = symbols[symbols[position].next]
    guard let merge = merges[BPE.pair(symbols[position].id, next.id)] else { return }
    queue.insert(MergeQueue.Entry(rank: merge.rank, position: position, id: merge.id))
  }
}
