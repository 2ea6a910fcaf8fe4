// Tokenizers of SentencePiece in GGUF files: scores in the place of merges, and back.

import Checkpoint
import JSON
import TestSupport
import Testing
import Tokenizer

@testable import Formats

/// A small vocabulary: every pair of entries that make a third one is a merge, in the order of the third.
private let pieces: JSONValue = [
  "version": "1.0", "truncation": .null, "padding": .null,
  "added_tokens": .array([
    token(0, "<unk>", special: true), token(1, "<bos>", special: true),
    token(20, "\n\n", special: false),
  ]),
  "normalizer": ["type": "Replace", "pattern": ["String": " "], "content": "▁"],
  "pre_tokenizer": [
    "type": "Split", "pattern": ["String": " "], "behavior": "MergedWithPrevious", "invert": false,
  ],
  "post_processor": .null, "decoder": .null,
  "model": [
    "type": "BPE", "dropout": .null, "unk_token": "<unk>", "continuing_subword_prefix": .null,
    "end_of_word_suffix": .null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
    "vocab": .members(
      [
        "<unk>", "<bos>", "<0x41>", "<0xC3>", "▁", "a", "b", "c", "\n", "ab", "▁a", "▁ab", "bc",
        "abc", "▁abc", "é", "e\u{301}", "▁▁", "ca", "aa", "\n\n",
      ].enumerated().map { ($1, .number(JSONNumber($0))) }),
    "merges": .array(merges.map { [.string($0), .string($1)] }),
  ],
]

private let merges = [
  ("a", "b"), ("▁", "a"), ("▁", "ab"), ("▁a", "b"), ("b", "c"), ("a", "bc"), ("ab", "c"),
  ("▁", "abc"), ("▁a", "bc"), ("▁ab", "c"), ("▁", "▁"), ("c", "a"), ("a", "a"),
]

private func token(_ id: Int, _ content: String, special: Bool) -> JSONValue {
  [
    "id": .number(JSONNumber(id)), "content": .string(content), "single_word": false,
    "lstrip": false, "rstrip": false, "normalized": false, "special": .bool(special),
  ]
}

private func metadata(
  _ tokenizer: JSONValue, rows: Int = 21
) throws(JSONError) -> [(key: String, value: GGUFValue)] {
  let none: JSONValue = [:]
  return try GGUFTokenizer(tokenizer.field, settings: none.field, configuration: none.field)
    .metadata(rows: rows)
}

extension [(key: String, value: GGUFValue)] {
  fileprivate subscript(name: String) -> GGUFValue? {
    first { $0.key == "tokenizer.ggml.\(name)" }?.value
  }
}

@Suite struct `A tokenizer of SentencePiece in a GGUF file` {
  @Test func `has scores in the order of merges, and kinds of tokens`() throws {
    let found = try metadata(pieces)
    #expect(found["model"] == .string("llama") && found["add_space_prefix"] == .bool(false))
    let scores = try #require(found["scores"]?.elements).map { Float($0.number ?? 0) }
    #expect(scores[9] == 0 && scores[10] == -1 && scores[11] == -2 && scores[12] == -4)
    #expect(scores[13] == -5 && scores[14] == -7 && scores[17] == -10 && scores[19] == -12)
    #expect(scores[5] == GGUFPieces.lowestScore)
    let kinds = try #require(found["token_type"]?.elements).map { $0.int ?? 0 }
    #expect(kinds[0] == 3 && kinds[1] == 3 && kinds[2] == 6 && kinds[5] == 1 && kinds[20] == 4)
  }

  @Test(arguments: ["abc ab", "  aabca  abc", "a\n\nb", "cabc é e\u{301} ö A"])
  func `is read back as the same tokenizer`(text: String) throws {
    try TemporaryFolder.with { folder in
      let path = folder.path("m.gguf")
      try GGUFFile.write(path, try metadata(pieces), []) { _ in [] }
      let read = try #require(try GGUFTokenizer.json(in: GGUFFile(path: path)))
      #expect(read["model"]?["merges"] == .array(merges.map { [.string($0), .string($1)] }))
      #expect(read["model"]?["vocab"] == pieces["model"]?["vocab"])
      let (before, after) = (
        try Tokenizer(parsing: pieces.bytes()), try Tokenizer(parsing: read.bytes())
      )
      #expect(try after.encode(text) == before.encode(text))
    }
  }

  @Test func `is refused where llama.cpp would merge otherwise`() throws {
    func failure(_ merges: [(String, String)]) throws -> String {
      var model = try pieces.member("model").value
      try model.setMember("merges", to: .array(merges.map { [.string($0), .string($1)] }))
      var changed = pieces
      try changed.setMember("model", to: model)
      let error = #expect(throws: JSONError.self) { try metadata(changed) }
      return error?.description ?? ""
    }
    // Without one of the two ways to make a token.
    let fewer = merges.filter { $0 != ("▁a", "b") }
    let (incomplete, scattered) = (try failure(fewer), try failure(merges + [("ab", "c")]))
    #expect(incomplete.contains("every pair of tokens that make a third one (13)"))
    #expect(scattered.contains("abc in several places"))
  }

  @Test func `leaves out marks beyond the rows of the embedding`() throws {
    let found = try metadata(pieces, rows: 20)
    #expect(found["tokens"]?.elements?.count == 20)
  }
}
