// Text, records and tokens as one stream, and the stream cut into windows.

import Checkpoint
import Formats
import Pipeline
import TestSupport
import Testing

/// A tokenizer of three tokens: a, b, and ab.
private let tokenizer = """
  {"version": "1.0",
   "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}
  """

/// The tokens of a file in a folder with that tokenizer.
private func tokens(_ name: String, _ content: [UInt8]) throws -> [Int32] {
  try TemporaryFolder.with { folder in
    try TinyModel().write("model", in: folder)
    try folder.write("model/tokenizer.json", tokenizer)
    try folder.write(name, content)
    return try TokenStream(
      path: folder.path(name), for: ModelFolder(path: folder.path("model"))
    ).tokens
  }
}

@Suite struct `A stream of tokens` {
  @Test(arguments: ["a.txt", "a.TXT", "a.b.text", "wiki.train.raw", "README.md", "notes"])
  func `comes from a text as a whole`(name: String) throws {
    #expect(try tokens(name, Array("baab".utf8)) == [1, 0, 2])
    #expect(try tokens(name, []) == [])
  }

  @Test func `comes from the records of a file, each tokenized by itself`() throws {
    let lines = "\n{\"text\": \"ba\"}\r\n \t\n{\"n\": 1, \"text\": \"b\"}\n{\"text\": \"\"}"
    #expect(try tokens("a.jsonl", Array(lines.utf8)) == [1, 0, 1])
  }

  @Test(arguments: ["\u{2028}", "\u{2029}", "\u{85}"])
  func `does not end a record at other separators of Unicode`(separator: String) throws {
    // Inside a string they are characters like any other.
    let line = "{\"id\": \"\(separator)\", \"text\": \"ab\"}\n"
    #expect(try tokens("a.jsonl", Array(line.utf8)) == [2])
  }

  @Test func `comes from a tensor of any shape, without a tokenizer`() throws {
    let values: [Int64] = [5, 0, 63, 7, 1, 2]
    let file = RawSafetensors.file([
      .init("attention_mask", "I64", [1], RawSafetensors.bytes([1] as [Int64])),
      .init("input_ids", "I64", [2, 1, 3], RawSafetensors.bytes(values)),
    ])
    #expect(try tokens("a.safetensors", file) == [5, 0, 63, 7, 1, 2])
    #expect(try tokens("a.safetensors", TinyModel.tokenFile([3, 4])) == [3, 4])
  }
}

@Suite struct `Windows` {
  @Test func `begin as the tokenizer begins a text`() throws {
    let opening = """
      "post_processor": {"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "b", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "a", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"a": {"id": "a", "ids": [0], "tokens": ["a"]},
                           "b": {"id": "b", "ids": [1], "tokens": ["b"]}}},
      """
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write(
        "model/tokenizer.json",
        tokenizer.replacing("\"version\": \"1.0\",", with: "\"version\": \"1.0\", \(opening)"))
      try folder.write("a.txt", String(repeating: "ab", count: 40))
      let model = try ModelFolder(path: folder.path("model"))
      let stream = try TokenStream(path: folder.path("a.txt"), for: model)
      #expect(stream.tokens == [Int32](repeating: 2, count: 40) && stream.opening == [1])
      let cut = TokenWindows(cutting: stream.tokens, opening: stream.opening, length: 5)
      #expect(cut.windows == [[Int32]](repeating: [1, 2, 2, 2, 2], count: 10))
      try folder.write("a.safetensors", TinyModel.tokenFile([Int32](repeating: 2, count: 40)))
      let asked = try TokenWindows(
        path: folder.path("a.safetensors"), for: model, length: 5, limit: 2, opensTokens: true)
      #expect(asked.windows == [[1, 2, 2, 2, 2], [1, 2, 2, 2, 2]])
      let plain = try TokenWindows(path: folder.path("a.safetensors"), for: model, length: 5)
      #expect(plain.windows == [[Int32]](repeating: [2, 2, 2, 2, 2], count: 8))
      let set = try CalibrationSet(
        path: folder.path("a.txt"), for: model, samples: 2, length: 5, firstPositions: 3)
      #expect(set.calibration == [[1, 2, 2, 2, 2], [1, 2, 2, 2, 2]])
      #expect(set.firstPositions == [[1], [1], [1]])
    }
  }

  @Test(
    arguments: [
      (10, 3, nil, 3), (9, 3, nil, 3), (2, 3, nil, 0), (0, 1, nil, 0),
      (10, 3, 2, 2), (10, 3, 5, 3), (10, 3, 0, 0), (10, 1, Int.max, 10),
    ] as [(Int, Int, Int?, Int)])
  func `follow each other, and leave out an incomplete last one`(
    tokens: Int, length: Int, limit: Int?, count: Int
  ) {
    let stream = (0..<Int32(tokens)).map { $0 * 7 }
    let cut = TokenWindows(cutting: stream, length: length, limit: limit)
    #expect(cut.windows.count == count)
    #expect(cut.windows.allSatisfy { $0.count == length })
    #expect(cut.windows.flatMap(\.self) == Array(stream.prefix(count * length)))
    #expect(cut.tokenCount == count * length)
  }

  @Test func `of no tokens stop the program`() async {
    await #expect(processExitsWith: .failure) { print(TokenWindows(cutting: [1, 2], length: 0)) }
  }
}
