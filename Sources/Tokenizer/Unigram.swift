// The unigram language model (Kudo 2018): every piece has a score, its log-probability, and of all
// ways to cut a word into pieces that with the largest sum of scores is taken. The sums are
// computed from left to right (Viterbi):
//
//   best(0) = 0
//   best(j) = max over the pieces word[i..<j] of best(i) + score(word[i..<j])
//
// A character that is no piece can be cut out as an unknown one, at the lowest score less ten. Of
// equal sums the longest last piece wins, an unknown character last of all. Consecutive unknown
// characters are one token, or the tokens of their bytes.

/// The section `model` of the type `Unigram`.
struct Unigram {
  static let unknownPenalty = 10.0

  let vocabulary: Vocabulary
  let scores: [Double]
  let pieces: PieceAutomaton
  let unknown: TokenID?
  let unknownScore: Double
  let byteFallback: ByteFallback?

  /// The last piece of the best way to cut what lies before a place in the word.
  private struct Step {
    var score = 0.0
    /// Zero as long as no piece ends here.
    var length = 0
    var id: TokenID = 0

    /// Whether a sum is better than that of the pieces so far.
    func isBelow(_ score: Double) -> Bool { length == 0 || score > self.score }
  }

  /// Appends the ids of a word.
  ///
  /// - Throws: `TokenizerError.unknownTokenUnset`.
  /// - Complexity: O(n) for n bytes, times the number of pieces that end at the same place.
  func encode(_ word: ArraySlice<UInt8>, into ids: inout [TokenID]) throws(TokenizerError) {
    let steps = try bestSteps(word)
    // From right to left, so the ids are reversed. An unknown run is appended when it is complete.
    var reversed: [TokenID] = []
    var (end, unknownEnd) = (word.endIndex, word.endIndex)
    while end > word.startIndex {
      let step = steps[end - word.startIndex]
      if step.id != unknown {
        reversed += unknownIDs(word[end..<unknownEnd]).reversed()
        reversed.append(step.id)
        unknownEnd = end - step.length
      }
      end -= step.length
    }
    ids += unknownIDs(word[end..<unknownEnd])
    ids += reversed.reversed()
  }

  private func bestSteps(_ word: ArraySlice<UInt8>) throws(TokenizerError) -> [Step] {
    var steps = [Step](repeating: Step(), count: word.count + 1)
    var state = PieceAutomaton.State()
    try word.forEachScalar { (_, range) throws(TokenizerError) in
      for byte in word[range] { pieces.advance(&state, byte) }
      let end = range.upperBound - word.startIndex
      var isPiece = false
      pieces.forEachPiece(endingAt: state) { length, id in
        isPiece = isPiece || length == range.count
        let score = scores[Int(id)] + steps[end - length].score
        if steps[end].isBelow(score) { steps[end] = Step(score: score, length: length, id: id) }
      }
      if isPiece { return }
      let score = unknownScore + steps[end - range.count].score
      if steps[end].isBelow(score) {
        guard let unknown else { throw .unknownTokenUnset }
        steps[end] = Step(score: score, length: range.count, id: unknown)
      }
    }
    return steps
  }

  /// The ids of consecutive unknown characters, of which there may be none.
  ///
  /// Together they can be a piece, one whose score is lower than theirs.
  private func unknownIDs(_ run: ArraySlice<UInt8>) -> [TokenID] {
    if run.isEmpty { return [] }
    if let id = vocabulary.id(of: run) { return [id] }
    return byteFallback?.ids(of: run) ?? unknown.map { [$0] } ?? []
  }
}
