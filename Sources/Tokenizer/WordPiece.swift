// WordPiece (Schuster and Nakajima 2012), as BERT applies it: the longest token that is a prefix of
// the word is cut off, then the longest that is a prefix of the rest, and so on. Tokens within a
// word start with a mark, `##`. A word that cannot be cut to its end is one unknown token.

import JSON

/// The section `model` of the type `WordPiece`.
struct WordPiece {
  /// A word costs at most its length times this.
  private static let longestWord = 1024

  let vocabulary: Vocabulary
  private let pieces: PieceAutomaton
  /// The state after the mark of tokens within a word, or nil if there are no such tokens.
  private let continuation: PieceAutomaton.State?
  private let unknownToken: String
  private let longestWord: Int

  /// Reads the section `model`.
  init(_ section: Section) throws(TokenizerError) {
    vocabulary = try Vocabulary(try section.section("vocab"))
    pieces = PieceAutomaton(vocabulary.entries)
    continuation = pieces.state(after: try section.bytes("continuing_subword_prefix")[...])
    unknownToken = try section.string("unk_token")
    longestWord = try section.int("max_input_chars_per_word")
    guard (0...Self.longestWord).contains(longestWord) else {
      throw try section.section("max_input_chars_per_word").unsupported(
        "\(longestWord)", supported: "0 to \(Self.longestWord)")
    }
  }

  /// Appends the ids of a word.
  ///
  /// - Throws: `TokenizerError.unknownTokenMissing`.
  func encode(_ word: ArraySlice<UInt8>, into ids: inout [TokenID]) throws(TokenizerError) {
    if let found = tokens(of: word) {
      ids += found
      return
    }
    guard let id = vocabulary.id(of: Array(unknownToken.utf8)[...]) else {
      throw .unknownTokenMissing(token: unknownToken)
    }
    ids.append(id)
  }

  /// The ids of the tokens of a word, or nil if it is unknown.
  private func tokens(of word: ArraySlice<UInt8>) -> [TokenID]? {
    guard word.count(where: { !UTF8.isContinuation($0) }) <= longestWord else { return nil }
    var ids: [TokenID] = []
    var rest = word
    var state: PieceAutomaton.State? = PieceAutomaton.State()
    while !rest.isEmpty {
      guard let from = state, let (count, id) = pieces.longestPiece(from: from, rest) else {
        return nil
      }
      ids.append(id)
      rest = rest.dropFirst(count)
      state = continuation
    }
    return ids
  }
}
