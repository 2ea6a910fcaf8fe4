import Foundation
import JSON
import Testing

@testable import Tokenizer

/// The files that `Tools/make-tokenizer-goldens.py` has written, and small files made on the spot.
enum Fixture {
  static let names = [
    "gpt2", "flags", "llama3", "qwen2", "smollm", "deepseek", "llama2", "mistral", "metaspace",
    "t5", "bytes", "ties", "gpt1", "subwords", "bert",
  ]

  static func bytes(_ name: String) throws -> [UInt8] {
    let url = Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "json")
    return [UInt8](try Data(contentsOf: try #require(url)))
  }

  static func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: bytes(name)) }

  static func texts() throws -> [String] { try json("texts").field.strings }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(parsing: bytes("\(name).tokenizer"))
  }

  /// A pre-tokenizer that splits at the matches of a pattern.
  static func split(_ pattern: String) -> JSONValue {
    [
      "type": "Split", "behavior": "Isolated", "invert": false,
      "pattern": ["Regex": .string(pattern)],
    ]
  }

  /// A small valid file with the letters a and b and their merge.
  ///
  /// The members of `model` replace those of the model or are added to it.
  static func file(
    model: JSONValue = [:], normalizer: JSONValue = nil, preTokenizer: JSONValue = nil,
    postProcessor: JSONValue = nil, addedTokens: JSONValue = []
  ) throws -> JSONValue {
    var whole: JSONValue = [
      "type": "BPE", "vocab": ["a": 0, "b": 1, "ab": 2], "merges": [["a", "b"]],
    ]
    for (name, field) in try model.field.members { try whole.setMember(name, to: field.value) }
    return [
      "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": addedTokens,
      "normalizer": normalizer, "pre_tokenizer": preTokenizer, "post_processor": postProcessor,
      "model": whole,
    ]
  }
}
