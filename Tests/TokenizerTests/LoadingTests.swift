import JSON
import Testing

@testable import Tokenizer

/// Reading files: what is accepted, and the messages for what is not.
@Suite struct `Loading` {
  @Test func `a minimal file can be loaded`() throws {
    let tokenizer = try Tokenizer(Fixture.file())
    #expect(try tokenizer.encode("abbaab") == [2, 1, 0, 2])
    #expect(try tokenizer.encode("") == [])
  }

  @Test func `merges are read as pairs and as strings`() throws {
    let pairs = try Tokenizer(Fixture.file(model: ["merges": [["a", "b"]]]))
    let lines = try Tokenizer(Fixture.file(model: ["merges": ["#version: 0.2", "a b"]]))
    #expect(try pairs.encode("aab") == lines.encode("aab"))
  }

  @Test func `composed and decomposed tokens remain distinct`() throws {
    let model: JSONValue = [
      "vocab": ["\u{E9}": 0, "e\u{301}": 1, "e": 2, "\u{301}": 3], "merges": [],
    ]
    let tokenizer = try Tokenizer(Fixture.file(model: model))
    #expect(tokenizer.vocabularySize == 4)
    #expect(try tokenizer.encode("\u{E9}e\u{301}") == [0, 2, 3])
    #expect(tokenizer.id(of: "e\u{301}") == 1)
  }

  @Test func `a model without merges is rejected`() throws {
    var file = try Fixture.file()
    var model = file["model"] ?? nil
    try model.removeMember("merges")
    try file.setMember("model", to: model)
    #expect(throws: TokenizerError.missingMerges) { try Tokenizer(file) }
  }

  @Test(
    arguments: [
      (
        ["type": "WordLevel"],
        "model: the type WordLevel is not supported; supported: BPE, Unigram, WordPiece"
      ),
      (
        ["dropout": 0.1],
        "model.dropout: random encoding is not supported; supported: null"
      ),
      (
        ["continuing_subword_prefix": "##"],
        "model.merges: found [\"a\",\"b\"] at [0], "
          + "needed a second token that is longer than the continuing_subword_prefix"
      ),
      (
        ["end_of_word_suffix": .string(String(repeating: "w", count: 65))],
        "model.end_of_word_suffix: a string of 65 bytes is not supported; "
          + "supported: at most 64 bytes"
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
  func `a model that cannot be applied is rejected with the reason`(
    model: JSONValue, message: String
  ) throws {
    let file = try Fixture.file(model: model)
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(file) }
    #expect(error?.description == message)
  }

  @Test func `an unsupported section is named`() throws {
    let odd: JSONValue = ["type": "Odd"]
    func section(_ file: JSONValue) -> String? {
      let error = #expect(throws: TokenizerError.self) { try Tokenizer(file) }
      guard case .unsupported(let section, "the type Odd", _)? = error else { return nil }
      return section
    }
    #expect(section(try Fixture.file(normalizer: odd)) == "normalizer")
    #expect(section(try Fixture.file(preTokenizer: odd)) == "pre_tokenizer")
    let nested: JSONValue = ["type": "Sequence", "pretokenizers": [["type": "Digits"], odd]]
    #expect(section(try Fixture.file(preTokenizer: nested)) == "pre_tokenizer.pretokenizers[1]")
  }

  @Test(arguments: [["type": "Odd"], ["type": 3], [], "odd"] as [JSONValue])
  func `an unknown post-processor matters only to those who need it`(
    section: JSONValue
  ) throws {
    let tokenizer = try Tokenizer(Fixture.file(postProcessor: section))
    #expect(try tokenizer.encode("ab", addSpecialTokens: false) == [2])
    #expect(tokenizer.token(of: 2) == "ab")
    let encoding = #expect(throws: TokenizerError.self) { try tokenizer.encode("ab") }
    #expect(encoding?.description.hasPrefix("post_processor") == true)
  }

  @Test(arguments: [0, 2])
  func `a template must contain the text once`(count: Int) throws {
    let text: JSONValue = ["Sequence": ["id": "A", "type_id": 0]]
    let template: JSONValue = [
      "type": "TemplateProcessing", "single": .array(Array(repeating: text, count: count)),
      "special_tokens": [:],
    ]
    let tokenizer = try Tokenizer(Fixture.file(postProcessor: template))
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("ab") }
    #expect(
      error?.description
        == "post_processor.single: the text A \(count) times is not supported; supported: once")
  }

  @Test func `an added token whose id contradicts the vocabulary is rejected`() throws {
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
    (#"a("#, "end pattern with unmatched parenthesis"),
    (#"[a"#, "premature end of char-class"),
    (#"\"#, "end pattern at escape"),
    (#"\p{Odd}"#, "invalid character property name {Odd}"),
    (#"(?<n>\g<n>)"#, "never ending recursion"),
    (String(repeating: "(", count: 100_000), "parse depth limit over"),
  ])
  func `an invalid regular expression is rejected with the reason`(
    pattern: String, reason: String
  ) throws {
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(Fixture.file(preTokenizer: Fixture.split(pattern)))
    }
    #expect(
      error?.description
        == "pre_tokenizer.pattern: found the regular expression \(pattern), "
        + "needed one that Oniguruma accepts: \(reason)")
  }

  @Test(arguments: ["[[:punct:]]+", "[^[:^punct:]]"])
  func `a class whose meaning depends on the version of Oniguruma is rejected`(
    pattern: String
  ) throws {
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(Fixture.file(preTokenizer: Fixture.split(pattern)))
    }
    #expect(
      error?.description
        == "pre_tokenizer.pattern: [:punct:] in the regular expression \(pattern) is not "
        + "supported; supported: \\p{P} and \\p{S}")
  }

  @Test func `a missing unknown token is an error only when it is needed`() throws {
    let tokenizer = try Tokenizer(Fixture.file(model: ["unk_token": "<unk>"]))
    #expect(try tokenizer.encode("ab") == [2])
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("abc") }
    #expect(error == .unknownTokenMissing(token: "<unk>"))
  }
}
