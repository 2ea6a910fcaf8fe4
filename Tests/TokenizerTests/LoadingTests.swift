import JSON
import Testing

@testable import Tokenizer

@Suite struct `Loading` {
  @Test func `the smallest file is enough`() throws {
    let tokenizer = try Tokenizer(Fixture.file())
    #expect(try tokenizer.encode("abbaab") == [2, 1, 0, 2])
    #expect(try tokenizer.encode("") == [])
    #expect(tokenizer.decode([2, 1, 9, -1]) == "ab b")
  }

  @Test func `both spellings of merges mean the same`() throws {
    let pairs = try Tokenizer(Fixture.file(model: ["merges": [["a", "b"]]]))
    let lines = try Tokenizer(Fixture.file(model: ["merges": ["#version: 0.2", "a b"]]))
    #expect(try pairs.encode("aab") == lines.encode("aab"))
  }

  @Test func `composed and decomposed tokens stay two tokens`() throws {
    let model: JSONValue = [
      "vocab": ["\u{E9}": 0, "e\u{301}": 1, "e": 2, "\u{301}": 3], "merges": [],
    ]
    let tokenizer = try Tokenizer(Fixture.file(model: model))
    #expect(tokenizer.vocabularySize == 4)
    #expect(try tokenizer.encode("\u{E9}e\u{301}") == [0, 2, 3])
    #expect(tokenizer.id(of: "e\u{301}") == 1)
  }

  @Test func `a file that is not there is named`() {
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: "no/such.json") }
    #expect(error?.description == "no/such.json: cannot be read")
  }

  @Test func `a model without merges is refused`() throws {
    var file = try Fixture.file()
    var model = file["model"] ?? nil
    try model.removeMember("merges")
    try file.setMember("model", to: model)
    #expect(throws: TokenizerError.missingMerges) { try Tokenizer(file) }
  }

  @Test(
    arguments: [
      (["type": "Unigram"], "model: the type Unigram is not supported; supported: BPE"),
      (
        ["dropout": 0.1],
        "model.dropout: a random encoding is not supported; supported: null"
      ),
      (
        ["continuing_subword_prefix": "##"],
        "model.continuing_subword_prefix: \"##\" is not supported; supported: null"
      ),
      (
        ["end_of_word_suffix": "</w>"],
        "model.end_of_word_suffix: \"</w>\" is not supported; supported: null"
      ),
      (
        ["merges": ["a b c"]],
        "model.merges: found \"a b c\" at [0], needed two tokens: [\"a\", \"b\"] or \"a b\""
      ),
      (
        ["merges": [["a", "b"], ["a", "c"]]],
        "model.merges: found \"c\" at [1], needed a token of model.vocab"
      ),
      (
        ["merges": [["b", "b"]]], "model.merges: found \"bb\" at [0], needed a token of model.vocab"
      ),
      (["merges": 3], "model.merges: expected an array, found the number 3"),
      (["vocab": ["a": -1]], "model.vocab: found a number for \"a\", needed an id of 32 bits"),
      (["vocab": ["a": "0"]], "model.vocab: found a string for \"a\", needed an id of 32 bits"),
      (["vocab": []], "model.vocab: expected an object, found an array"),
      (["fuse_unk": 1], "model.fuse_unk: expected a boolean, found the number 1"),
    ] as [(JSONValue, String)])
  func `a model that cannot be applied is refused with a reason`(
    model: JSONValue, message: String
  ) throws {
    let file = try Fixture.file(model: model)
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(file) }
    #expect(error?.description == message)
  }

  @Test func `what is not supported is refused with its section`() throws {
    let odd: JSONValue = ["type": "Odd"]
    func section(_ file: JSONValue) -> String? {
      let error = #expect(throws: TokenizerError.self) { try Tokenizer(file) }
      guard case .unsupported(let section, "the type Odd", _)? = error else { return nil }
      return section
    }
    #expect(section(try Fixture.file(normalizer: odd)) == "normalizer")
    #expect(section(try Fixture.file(preTokenizer: odd)) == "pre_tokenizer")
    #expect(section(try Fixture.file(postProcessor: odd)) == "post_processor")
    #expect(section(try Fixture.file(decoder: odd)) == "decoder")
    let nested: JSONValue = ["type": "Sequence", "decoders": [["type": "Fuse"], odd]]
    #expect(section(try Fixture.file(decoder: nested)) == "decoder.decoders[1]")
  }

  @Test func `an added token whose id contradicts the vocabulary is refused`() throws {
    func token(_ id: Int, _ content: String) -> JSONValue {
      [
        "id": .number(JSONNumber(id)), "content": .string(content), "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true,
      ]
    }
    let tokenizer = try Tokenizer(
      Fixture.file(addedTokens: [token(2, "ab"), token(3, "<s>"), token(4, "</s>"), token(7, "")]))
    #expect(tokenizer.vocabularySize == 5)
    for (id, content, needed) in [
      (5, "<s>", "3, the next free id"), (0, "ab", "2, its id in model.vocab"),
    ] {
      let error = #expect(throws: TokenizerError.self) {
        try Tokenizer(Fixture.file(addedTokens: [token(id, content)]))
      }
      #expect(
        error?.description
          == "added_tokens[0]: found the id \(id) for \"\(content)\", needed \(needed)")
    }
  }

  @Test(arguments: [
    #"\h+"#, #"\w"#, #"\bx"#, #"(?m:a)"#, #"a{1,2}+"#, #"a{2}?"#, #"[a&&b]"#, #"[[:alpha:]]"#,
    #"(?<name>a)"#, #"\pL"#, #"[a--b]"#, #"\1"#, #"\"#,
  ])
  func `an expression that could be read in two ways is refused`(expression: String) throws {
    #expect(SplitExpression.difference(in: expression) != nil || expression == #"\"#)
    let split: JSONValue = [
      "type": "Split", "behavior": "Isolated", "invert": false,
      "pattern": ["Regex": .string(expression)],
    ]
    #expect(throws: TokenizerError.self) { try Tokenizer(Fixture.file(preTokenizer: split)) }
  }

  @Test func `an unknown token that does not exist is reported when it is needed`() throws {
    let tokenizer = try Tokenizer(Fixture.file(model: ["unk_token": "<unk>"]))
    #expect(try tokenizer.encode("ab") == [2])
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("abc") }
    #expect(error == .unknownTokenMissing(token: "<unk>"))
  }
}
