import JSON

extension Unigram {
  /// Reads the section `model`.
  init(_ section: Section) throws(TokenizerError) {
    let list = try section.section("vocab")
    var tokens: [String] = []
    var scores: [Double] = []
    for (index, value) in try list.values().enumerated() {
      guard case .array(let pair) = value, pair.count == 2, case .string(let token) = pair[0],
        case .number(let number) = pair[1], let score = number.serdeDouble
      else {
        throw list.inconsistent(
          "\(value.text()) at [\(index)]", needed: "a piece and its score: [\"a\", -1.5]")
      }
      tokens.append(token)
      scores.append(score)
    }
    let vocabulary = Vocabulary(tokens)
    self.vocabulary = vocabulary
    self.scores = scores
    pieces = PieceAutomaton(vocabulary.entries)
    unknown = try Self.unknown(section, count: tokens.count)
    unknownScore = (scores.min() ?? .infinity) - Self.unknownPenalty
    byteFallback =
      try section.bool("byte_fallback", default: false) ? ByteFallback(vocabulary) : nil
  }

  private static func unknown(_ section: Section, count: Int) throws(TokenizerError) -> TokenID? {
    guard let member = try section.optionalSection("unk_id") else { return nil }
    let id = try section.int("unk_id")
    guard (0..<count).contains(id), let unknown = TokenID(exactly: id) else {
      throw member.inconsistent("\(id)", needed: "a position in model.vocab, which has \(count)")
    }
    return unknown
  }
}
