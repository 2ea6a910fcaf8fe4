/// A cache of the ids of words, limited in the number and the length of the words.
///
/// It lives for one call of `encode`, so that `Tokenizer` remains a value without mutable state.
struct WordCache {
  private static let capacity = 1 << 16
  private static let longestWord = 256

  private var ranges: [ByteKey: Range<Int>] = [:]
  private var ids: [TokenID] = []

  /// Appends the ids of a word, which the model computes if they are not in the cache.
  mutating func encode(
    _ word: ArraySlice<UInt8>, by model: Model, into result: inout [TokenID]
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
