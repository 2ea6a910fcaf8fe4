import JSON
import Testing

@testable import Tokenizer

/// Normalizers and pre-tokenizers that clean a text.
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
}
