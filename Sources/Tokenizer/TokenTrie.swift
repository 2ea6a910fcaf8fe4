/// A trie that finds the leftmost occurrence of any of its strings, and the longest one there.
struct TokenTrie {
  private struct Node {
    var children: [UInt8: Int] = [:]
    var id: TokenID?
  }

  private var nodes = [Node()]
  /// The first bytes of the strings: most positions are rejected by this table alone.
  private var starts = [Bool](repeating: false, count: 256)
  private var isEmpty = true

  /// Adds a string, unless it is already there.
  mutating func insert(_ text: [UInt8], _ id: TokenID) {
    guard let first = text.first else { return }
    isEmpty = false
    starts[Int(first)] = true
    var node = 0
    for byte in text {
      if let child = nodes[node].children[byte] {
        node = child
      } else {
        nodes[node].children[byte] = nodes.count
        node = nodes.count
        nodes.append(Node())
      }
    }
    if nodes[node].id == nil { nodes[node].id = id }
  }

  /// The first match that starts at or after an offset.
  func firstMatch(in text: [UInt8], from offset: Int) -> (range: Range<Int>, id: TokenID)? {
    if isEmpty { return nil }
    for start in offset..<max(offset, text.count) where starts[Int(text[start])] {
      var longest: (Range<Int>, TokenID)?
      var node = 0
      for index in start..<text.count {
        guard let child = nodes[node].children[text[index]] else { break }
        node = child
        if let id = nodes[node].id { longest = (start..<index + 1, id) }
      }
      if let longest { return longest }
    }
    return nil
  }
}
