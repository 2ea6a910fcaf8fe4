// The automaton of Aho and Corasick (1975): a trie of the pieces whose nodes also know what to do
// when the text does not continue in the trie.
//
//   failure(v)   the node of the longest proper suffix of v's string that is in the trie
//   output(v)    the node of the longest proper suffix of v's string that is a piece
//
// A plain trie would be walked again from every position of the text, which takes quadratic time
// if a file has one long piece of which the text is a repetition. The automaton reads each byte
// once. What remains are the matches themselves: at each position at most √(2s), where s is the
// length of all pieces together.

/// Finds every occurrence of every piece in a text.
struct PieceAutomaton {
  private struct Node {
    var parent: Int
    var byte: UInt8
    var length: Int
    var failure: Int = 0
    var output: Int = 0
    var id: TokenID?
  }

  /// A place in the automaton: what has been read of the text.
  struct State { fileprivate var node: Int = 0 }

  private var nodes = [Node(parent: 0, byte: 0, length: 0)]
  /// The child of a node by a byte; see `key(_:_:)`.
  private var children: [UInt64: Int] = [:]

  /// Builds the automaton of distinct pieces; an empty one is ignored.
  init(_ pieces: [(bytes: ArraySlice<UInt8>, id: TokenID)]) {
    for (bytes, id) in pieces where !bytes.isEmpty { insert(bytes, id) }
    // A failure leads to a node that is nearer to the root, which therefore has to be ready.
    let order = nodes.indices.dropFirst().sorted { nodes[$0].length < nodes[$1].length }
    for index in order where nodes[index].length > 1 {
      let node = nodes[index]
      let failure = next(nodes[node.parent].failure, node.byte)
      nodes[index].failure = failure
      let target = nodes[failure]
      nodes[index].output = target.id == nil ? target.output : failure
    }
  }

  private static func key(_ node: Int, _ byte: UInt8) -> UInt64 {
    UInt64(node) << 8 | UInt64(byte)
  }

  private mutating func insert(_ bytes: ArraySlice<UInt8>, _ id: TokenID) {
    var node: Int = 0
    for byte in bytes {
      if let child = children[Self.key(node, byte)] {
        node = child
      } else {
        let child = nodes.count
        children[Self.key(node, byte)] = child
        nodes.append(Node(parent: node, byte: byte, length: nodes[node].length + 1))
        node = child
      }
    }
    nodes[node].id = id
  }

  private func next(_ node: Int, _ byte: UInt8) -> Int {
    var node = node
    while true {
      if let child = children[Self.key(node, byte)] { return child }
      if node == 0 { return 0 }
      node = nodes[node].failure
    }
  }

  /// Reads a byte.
  func advance(_ state: inout State, _ byte: UInt8) { state.node = next(state.node, byte) }

  /// Calls a closure with the length and the id of each piece that ends here, the longest first.
  func forEachPiece(endingAt state: State, _ body: (_ length: Int, _ id: TokenID) -> Void) {
    var index = state.node
    while index != 0 {
      let node = nodes[index]
      if let id = node.id { body(node.length, id) }
      index = node.output
    }
  }

  /// The state after a string, or nil if no piece starts with it.
  func state(after string: ArraySlice<UInt8>) -> State? {
    var state = State()
    for byte in string {
      guard let child = children[Self.key(state.node, byte)] else { return nil }
      state.node = child
    }
    return state
  }

  /// The longest piece that continues a state with one or more of the first bytes of a text.
  ///
  /// - Returns: How many bytes of the text it takes, and its id.
  func longestPiece(from state: State, _ text: ArraySlice<UInt8>) -> (count: Int, id: TokenID)? {
    var longest: (Int, TokenID)?
    var node = state.node
    for index in text.indices {
      guard let child = children[Self.key(node, text[index])] else { break }
      node = child
      if let id = nodes[node].id { longest = (index + 1 - text.startIndex, id) }
    }
    return longest
  }
}
