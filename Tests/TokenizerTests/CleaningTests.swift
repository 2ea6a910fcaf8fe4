import Foundation
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

  @Test(
    arguments: [
      ("§", "found a string that is not base64, needed base64 with padding"),
      ("AAA=", "found 2 bytes, needed the length of the trie in 4 bytes"),
      ("CAAAAAAA", "found a trie of 8 bytes, needed at least 4 bytes, of the 2 after its length"),
      ("AAAAAAAA", "found a trie of 0 bytes, needed at least 4 bytes, of the 2 after its length"),
      ("BAAAAAAAAAD/", "found replacements that are not UTF-8, needed UTF-8"),
    ])
  func `a character map that cannot be read is rejected`(map: String, reason: String) throws {
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(
        Fixture.file(
          normalizer: ["type": "Precompiled", "precompiled_charsmap": .string(map)]))
    }
    #expect(error?.description == "normalizer.precompiled_charsmap: \(reason)")
  }

  /// A character map with one unit after the root, at the code of "a".
  private func map(unit: UInt32, value: UInt32, replacements: String) -> JSONValue {
    var units = [UInt32](repeating: 0, count: 128)
    (units[97], units[96]) = (unit, value)
    let bytes = ([512] + units).flatMap { unit in (0..<4).map { UInt8(unit >> (8 * $0) & 0xFF) }
    }
    let data = Data(bytes + replacements.utf8)
    return ["type": "Precompiled", "precompiled_charsmap": .string(data.base64EncodedString())]
  }

  @Test(
    arguments: [
      (0x561, 9, "found a replacement at byte 9 of 3, needed one that starts with a character"),
      (0x561, 1, "found a replacement at byte 1 of 3, needed one that starts with a character"),
      (0x4_0561, 0, "found a step to the unit 352 of the trie, needed one within it"),
    ] as [(UInt32, UInt32, String)])
  func `a character map that leads nowhere is an error of the text that gets there`(
    unit: UInt32, value: UInt32, reason: String
  ) throws {
    let normalizer = map(unit: unit, value: value, replacements: "é\0")
    let tokenizer = try Tokenizer(Fixture.file(normalizer: normalizer))
    #expect(try tokenizer.encode("b") == [1])
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("ba") }
    #expect(error?.description.contains(reason) == true)
  }

  @Test func `a character map cannot multiply a text without limit`() throws {
    let long = map(unit: 0x561, value: 0, replacements: String(repeating: "b", count: 1 << 20))
    let tokenizer = try Tokenizer(Fixture.file(normalizer: long))
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("aaaa") }
    #expect(error == .textTooLong(section: "normalizer", byteCount: 4, limit: 65_792))
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
