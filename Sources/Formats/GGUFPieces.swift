internal import JSON

// BPE over characters with SentencePiece's marks for spaces, which llama.cpp calls "llama". It has no list of merges
// there: any two neighbours may become one token if that is in the vocabulary, those of the highest score first.
// A tokenizer.json that was made of SentencePiece's file lists just these merges, in this order.

/// A vocabulary whose merges follow from scores.
struct GGUFPieces {
  /// What stands for a space.
  private static let mark = "▁"
  /// The score of what no merge makes.
  static let lowestScore: Float = -1e6

  /// The most bytes of a token: its places are all tried.
  private static let longest = 4096

  /// Whether a mark is put in front of a text, and behind special tokens.
  let addsPrefix: Bool

  /// The way of a tokenizer; nil where llama.cpp has none like it.
  init?(_ tokenizer: JSONField) throws(JSONError) {
    let model = try tokenizer.member("model")
    guard try model.optionalMember("byte_fallback")?.bool == true else { return nil }
    let splits = try tokenizer.optionalMember("pre_tokenizer")?.value ?? .null
    switch try tokenizer.optionalMember("normalizer")?.value ?? .null {
    case Self.replacement where splits == .null || splits == Self.split: addsPrefix = false
    case Self.prefixed where splits == .null: addsPrefix = true
    case .null:
      guard splits["type"] == "Metaspace", splits["replacement"] == .string(Self.mark),
        splits["split"] == .bool(false), let scheme = splits["prepend_scheme"]
      else { return nil }
      addsPrefix = scheme != "never"
    default: return nil
    }
  }

  /// The sections `normalizer` and `pre_tokenizer`.
  static func normalizer(addsPrefix: Bool) -> JSONValue { addsPrefix ? prefixed : replacement }

  private static let replacement: JSONValue = [
    "type": "Replace", "pattern": ["String": " "], "content": .string(mark),
  ]
  private static let prefixed: JSONValue = [
    "type": "Sequence",
    "normalizers": [["type": "Prepend", "prepend": .string(mark)], replacement],
  ]
  /// Nothing is left of spaces at which to split.
  private static let split: JSONValue = [
    "type": "Split", "pattern": ["String": " "], "behavior": "MergedWithPrevious", "invert": false,
  ]
}

extension GGUFPieces {
  /// The score of each token that a merge makes: the earlier the merge, the higher.
  ///
  /// - Parameters:
  ///   - merges: pairs of tokens, in their order.
  ///   - words: the ordinary tokens.
  ///   - marks: those that are found in a text before it is merged, if the text has them as they are.
  /// - Returns: the scores; tokens that no merge makes have none.
  /// - Throws: `JSONError` where the merges are not those that follow from the scores.
  static func scores(
    _ merges: [(String, String)], words: [String], marks: [String]
  ) throws(JSONError) -> [ByteString: Float] {
    guard merges.count < Int(-lowestScore) else {
      throw .wrongKind(
        path: "model.merges", expected: "fewer than \(Int(-lowestScore))", found: "\(merges.count)")
    }
    var ranks: [ByteString: Int] = [:]
    var last = ByteString("")
    for (rank, pair) in merges.enumerated() {
      let made = ByteString(pair.0 + pair.1)
      guard ranks.updateValue(ranks[made] ?? rank, forKey: made) == nil || made == last else {
        throw .wrongKind(
          path: "model.merges", expected: "those that make one token next to each other",
          found: "\(made.string) in several places")
      }
      last = made
    }
    let all = try Self.merges(of: words + marks.filter { ranks[ByteString($0)] != nil }) { _ in 0 }
    guard all.count == merges.count else {
      throw .wrongKind(
        path: "model.merges",
        expected:
          "every pair of tokens that make a third one (\(all.count)), as SentencePiece has it",
        found: "\(merges.count) merges")
    }
    return ranks.mapValues { -Float($0) }
  }

  /// Every pair of tokens that make a third one, ordered by what `rank` says of that.
  ///
  /// - Throws: `JSONError` for a token that is too long to be one.
  /// - Complexity: a look-up for each place in each token.
  static func merges(
    of vocabulary: [String], _ rank: (ByteString) -> Int
  ) throws(JSONError) -> [(String, String)] {
    if let long = vocabulary.first(where: { $0.utf8.count > longest }) {
      throw .wrongKind(
        path: "model.vocab", expected: "tokens of at most \(longest) bytes",
        found: "one of \(long.utf8.count)")
    }
    let ids = Dictionary(vocabulary.enumerated().map { (ByteString($1), $0) }) { first, _ in first }
    var found: [(rank: Int, ids: (Int, Int), pair: (String, String))] = []
    for token in vocabulary {
      let scalars = token.unicodeScalars
      for place in scalars.indices.dropFirst() {
        let (head, tail) = (String(scalars[..<place]), String(scalars[place...]))
        guard let first = ids[ByteString(head)], let second = ids[ByteString(tail)] else {
          continue
        }
        found.append((rank(ByteString(token)), (first, second), (head, tail)))
      }
    }
    found.sort { ($0.rank, $0.ids.0, $0.ids.1) < ($1.rank, $1.ids.0, $1.ids.1) }
    return found.map(\.pair)
  }

  /// Whether a token stands for a single byte.
  static func isByte(_ token: String) -> Bool {
    token.utf8.count == 6 && token.hasPrefix("<0x") && token.hasSuffix(">")
      && UInt8(token.dropFirst(3).dropLast(), radix: 16) != nil
  }
}
