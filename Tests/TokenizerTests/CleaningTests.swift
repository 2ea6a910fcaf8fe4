import JSON
import Testing

@testable import Tokenizer

/// Normalizers and pre-tokenizers that clean a text, and what they refuse.
@Suite struct `Cleaning` {
  @Test func `a text that has lost its first character is not marked`() throws {
    let tokenizer = try Tokenizer(
      Fixture.file(
        model: ["vocab": ["▁": 0, "a": 1, "b": 2], "merges": []],
        normalizer: ["type": "Strip", "strip_left": true, "strip_right": false],
        preTokenizer: [
          "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false,
        ]))
    #expect(try tokenizer.encode("ab") == [0, 1, 2])
    #expect(try tokenizer.encode(" ab") == [1, 2])
  }

  @Test func `a fixed length must be positive`() throws {
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(Fixture.file(preTokenizer: ["type": "FixedLength", "length": 0]))
    }
    #expect(error?.description == "pre_tokenizer.length: found 0, needed a positive number")
  }

  @Test(arguments: [["</s>"], ["</s>", -1], ["</s>", "2"], [2, 2]] as [JSONValue])
  func `the token of a post-processor is a pair`(pair: JSONValue) throws {
    let tokenizer = try Tokenizer(
      Fixture.file(postProcessor: ["type": "BertProcessing", "cls": ["<s>", 1], "sep": pair]))
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("a") }
    #expect(
      error?.description
        == "post_processor.sep: found \(pair.text()), needed a token and its id: [\"</s>\", 2]")
  }
}
