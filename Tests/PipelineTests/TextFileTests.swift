// Files of text that are read no further than needed, and the forms that records have.

import Checkpoint
import TestSupport
import Testing

@testable import Pipeline

/// A token for each word, and for the white space behind it.
private func words(_ text: String) -> [Int32] {
  var tokens: [Int32] = []
  var wasSpace = true
  for byte in text.utf8 {
    let isSpace = byte == 0x20 || byte == 0x0A
    if isSpace != wasSpace || tokens.isEmpty { tokens.append(0) }
    tokens[tokens.count - 1] = tokens[tokens.count - 1] &* 31 &+ Int32(byte)
    wasSpace = isSpace
  }
  return tokens
}

@Suite struct `A file of text` {
  private let text = (0..<400).map {
    "line \($0) é\(["\n", ".\n\n", "\n\n  ", " ", ";\r\n", " \r\n\r\n", ".”\n"][$0 % 7])"
  }
  .joined()

  @Test(arguments: [1, 7, 100, 4096, 1 << 20], [1, 10, 500, 1400, 5000])
  func `is read only as far as its tokens are needed, and they are those of the whole`(
    chunk: Int, needed: Int
  ) throws {
    try TemporaryFolder.with { folder in
      try folder.write("a.txt", text)
      let file = try TextFile(path: folder.path("a.txt"), chunk: chunk)
      let whole = try file.tokens(atLeast: nil, words)
      #expect(whole == words(text))
      var read = 0
      let found = try file.tokens(atLeast: needed) { part in
        read = part.utf8.count
        return words(part)
      }
      #expect(found.count >= min(needed, whole.count))
      #expect(found == Array(whole.prefix(found.count)))
      // A chunk, or four times what was not enough; and the rest of a few lines.
      let bytesForNeeded = (needed + 16) * text.utf8.count / whole.count
      #expect(read <= max(chunk, 4 * bytesForNeeded) + 256, "\(read)")
    }
  }

  @Test func `is cut in front of a word where a line is very long`() throws {
    try TemporaryFolder.with { folder in
      let text = String(repeating: "some words, 3 of 9, without an end. ", count: 100_000)
      try folder.write("a.txt", text)
      var read = 0
      let found = try TextFile(path: folder.path("a.txt"), chunk: 1000).tokens(atLeast: 100) {
        part in
        read = part.utf8.count
        return words(part)
      }
      #expect(found.count >= 100)
      #expect(found == Array(words(text).prefix(found.count)))
      #expect(read < 10_000)
    }
  }

  @Test(arguments: ["a b. ", "a b\n. ", "\n.a", "-\n"])
  func `is read as a whole where no line can be cut off`(line: String) throws {
    try TemporaryFolder.with { folder in
      let text = String(repeating: line, count: 100)
      try folder.write("a.txt", text)
      let found = try TextFile(path: folder.path("a.txt"), chunk: 10).tokens(atLeast: 1, words)
      #expect(found == words(text))
    }
  }

  @Test func `of records is read up to the last one that is needed`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("a.jsonl", "{\"text\": \"ab\"}\n\n{\"text\": \"c d\"}\nnot read")
      let file = try TextFile(path: folder.path("a.jsonl"))
      #expect(try file.recordTokens(atLeast: 1, words) == words("ab"))
      #expect(try file.recordTokens(atLeast: 2, words) == words("ab") + words("c d"))
      #expect(throws: InputError.self) { try file.recordTokens(atLeast: 9, words) }
    }
  }
}

@Suite struct `A record` {
  @Test(arguments: [
    (#"{"text": "a", "content": "b"}"#, "a"), (#"{"id": 1, "content": "b"}"#, "b"),
    (#"{"messages": [{"role": "user", "content": "a"}, {"content": "b"}]}"#, "a\nb"),
    (#"{"conversations": [{"from": "human", "value": "a"}, {"value": "b"}]}"#, "a\nb"),
    (#"{"messages": [{"content": [{"text": "a"}, {"type": "image"}]}]}"#, "a"),
    (#"{"messages": [{"content": "a"}, {"content": null, "tool_calls": []}]}"#, "a"),
    ("\u{FEFF}{\"text\": \"a\"}", "a"), (#"{"prompt": "a", "completion": "b"}"#, "a\nb"),
    (#"{"instruction": "a", "input": "", "output": "b"}"#, "a\nb"), (#"{"messages": []}"#, ""),
  ])
  func `has its text in one of many forms`(json: String, text: String) throws {
    try TemporaryFolder.with { folder in
      try folder.write("a.jsonl", json)
      var found = ""
      _ = try TextFile(path: folder.path("a.jsonl")).recordTokens(atLeast: nil) {
        found = $0
        return []
      }
      #expect(found == text)
    }
  }

  @Test(arguments: [
    #"{"prompt": "a"}"#, #"{"messages": "a"}"#,
    #"{"messages": [{"content": 5}]}"#, "[]", #"{"content": null}"#,
  ])
  func `without a text is refused with its line`(json: String) throws {
    try TemporaryFolder.with { folder in
      try folder.write("a.jsonl", "\n\(json)")
      let error = #expect(throws: InputError.self) {
        try TextFile(path: folder.path("a.jsonl")).recordTokens(atLeast: nil) { _ in [] }
      }
      #expect(error.map { "\($0)".contains("line 2") } == true)
    }
  }
}
