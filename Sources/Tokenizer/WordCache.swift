/// The ids of the words that a text has had so far, up to a bound.
///
/// It lives as long as one call of `encode`, so that a tokenizer stays a value without state.
struct WordCache {
  private static let capacity = 1 << 16
  private static let longestWord = 256

  private var ranges: [ByteKey: Range<Int>] = [:]
  private var ids: [TokenID] = []

  /// Appends the ids of a word, computing them if they are not known.
  mutating func encode(
    _ word: ArraySlice<UInt8>, by model: BPE, into result: inout [TokenID]
  ) throws(TokenizerError) {
    if let range = ranges[ByteKey(word)] {
      result += ids[range]
      return
    }
    let start = result.count
    try model.encode(word, into: &result)
    guard word.count <= Self.longestWord, ranges.count < Self.capacity else { return }
    ranges[ByteKey(word)] = ids.count..<ids.count + result.count - start
    ids += result[start...]
  }
}
