import JSON
import Testing

@testable import Tokenizer

/// Models of pieces: Unigram and WordPiece.
@Suite struct `Pieces` {
  private func unigram(_ vocabulary: JSONValue, unknown: JSONValue = 0) throws -> JSONValue {
    try Fixture.file(model: ["type": "Unigram", "unk_id": unknown, "vocab": vocabulary])
  }

  private func ids(_ text: String, _ vocabulary: JSONValue) throws -> [Int] {
    try Tokenizer(unigram(vocabulary)).encode(text)
  }

  @Test func `of equal sums the longest last piece wins`() throws {
    let vocabulary: JSONValue = [["<unk>", 0], ["a", -1], ["aa", -2], ["aaa", -3]]
    #expect(try ids("aaa", vocabulary) == [3])
    #expect(try ids("aaaaa", vocabulary) == [2, 3])
  }

  @Test func `an unknown character costs the lowest score less ten`() throws {
    #expect(try ids("ab", [["<unk>", 0], ["a", -1], ["ab", -11.9], ["c", -1]]) == [2])
    // The sums are equal, and the longer piece wins.
    #expect(try ids("ab", [["<unk>", 0], ["a", -1], ["ab", -12], ["c", -1]]) == [2])
    #expect(try ids("ab", [["<unk>", 0], ["a", 0], ["ab", -12]]) == [2])
  }

  @Test func `unknown characters are fused, also with the unknown token itself`() throws {
    let vocabulary: JSONValue = [["?", -1], ["a", -1], ["xy", -99]]
    #expect(try ids("aéèa?èa", vocabulary) == [1, 0, 1, 0, 1])
    #expect(try ids("xya", vocabulary) == [2, 1])
  }

  /// The textbook version: all ways to cut the word.
  @Test func `the best of all ways to cut a word is found`() throws {
    let scores = ["a": -1.25, "b": -2, "ab": -3.5, "ba": -2.75, "aba": -4, "bb": -3, "abba": -6.25]
    let names = scores.keys.sorted()
    let list = names.map { JSONValue.array([.string($0), .number(JSONNumber(scores[$0] ?? 0))]) }
    let tokenizer = try Tokenizer(unigram(.array([["<unk>", 0]] + list)))
    func best(_ word: Substring) -> Double {
      if word.isEmpty { return 0 }
      return names.filter(word.hasPrefix).map { name in
        (scores[name] ?? 0) + best(word.dropFirst(name.count))
      }.max() ?? -.infinity
    }
    for bits in 0..<256 {
      let word = String((0..<8).map { bits >> $0 & 1 == 0 ? "a" : "b" })
      let pieces = try tokenizer.encode(word).compactMap(tokenizer.token(of:))
      #expect(pieces.joined() == word)
      #expect(pieces.reduce(0) { $0 + (scores[$1] ?? -99) } == best(word[...]))
    }
  }

  @Test(arguments: [
    ("-1.5", -1.5), ("3", 3), ("-0", 0), ("0e999", 0), ("1E3", 1000), ("25e-1", 2.5), ("1e+2", 100),
    ("-3.6985924892974547", -3.698592489297454), ("-13.745180577128279", -13.74518057712828),
    ("-11.912930488586426", -11.912930488586426),
    ("1.79769313486231571e308", 1.7976931348623157e308), ("5e-324", Double.leastNonzeroMagnitude),
    ("1e-400", 0),
    ("123456789012345678901234567890", 1.2345678901234568e29), ("1e400", nil),
    ("1e9999999999", nil),
  ])
  func `numbers are read as the Python package reads them`(literal: String, value: Double?) throws {
    #expect(try #require(JSONNumber(literal: literal)).serdeDouble == value)
  }

  @Test func `a character without a token needs an unknown token`() throws {
    let tokenizer = try Tokenizer(unigram([["a", -1]], unknown: nil))
    #expect(try tokenizer.encode("aa") == [0, 0])
    #expect(throws: TokenizerError.unknownTokenUnset) { try tokenizer.encode("ab") }
  }

  @Test(
    arguments: [
      (
        ["type": "Unigram", "vocab": [["a", "b"]]],
        "model.vocab: found [\"a\",\"b\"] at [0], needed a piece and its score: [\"a\", -1.5]"
      ),
      (
        ["type": "Unigram", "vocab": [["a", 0]], "unk_id": 1],
        "model.unk_id: found 1, needed a position in model.vocab, which has 1"
      ),
      (["type": "Unigram", "vocab": ["a": 0]], "model.vocab: expected an array, found an object"),
      (
        [
          "type": "WordPiece", "unk_token": "a", "continuing_subword_prefix": "##",
          "max_input_chars_per_word": 5000,
        ],
        "model.max_input_chars_per_word: 5000 is not supported; supported: 0 to 1024"
      ),
    ] as [(JSONValue, String)])
  func `a model that cannot be applied is rejected with the reason`(
    model: JSONValue, message: String
  ) throws {
    let file = try Fixture.file(model: model)
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(file) }
    #expect(error?.description == message)
  }

  /// A trie would be walked from every position to the end of the text.
  @Test(.timeLimit(.minutes(1)))
  func `a long piece does not make long words slow`() throws {
    let long = String(repeating: "a", count: 200_000)
    let tokenizer = try Tokenizer(unigram([["<unk>", 0], ["a", -1], [.string(long + "b"), -1]]))
    #expect(try tokenizer.encode(long + long).count == 400_000)
    #expect(try tokenizer.encode(long + long + "b").count == 200_001)
  }
}
