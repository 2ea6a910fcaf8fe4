import JSON

@testable import Tokenizer

private let files = Fixtures.names(in: "TokenizerTests/Fixtures", suffix: ".tokenizer.json")

private let tokenizers = files.map { name in
  do {
    return try Tokenizer(parsing: Fixtures.bytes("TokenizerTests/Fixtures/\(name)"))
  } catch {
    fatalError("\(name): \(error)")
  }
}

/// Tokenizers, and what they make of texts.
let tokenizerReaders = [
  Reader("tokenizer") { bytes in
    let tokenizer = try Tokenizer(parsing: bytes)
    for text in ["", "Hello  World", "<s> ab\u{301} ÄÖ 12\n\t ba<unk>x", "中文 👩‍💻 ſ\u{0}"] {
      let plain = Result { try tokenizer.encode(text, addSpecialTokens: false) }
      if case .success(let ids) = plain {
        for id in ids { _ = tokenizer.token(of: id) }
      }
      _ = try tokenizer.encode(text)
      _ = try plain.get()
    }
  },
  // The first byte chooses a tokenizer; the rest is a text.
  Reader("text") { bytes in
    let tokenizer = tokenizers.chosen(by: bytes.first)
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    let ids = try tokenizer.encode(text, addSpecialTokens: false)
    for id in ids { expect(tokenizer.token(of: id) != nil, "the token \(id) does not exist") }
    expect(try tokenizer.encode(text, addSpecialTokens: false) == ids, "other tokens the next time")
  },
  // A pattern, a byte FF, and a text.
  Reader("expression") { bytes in
    let parts = bytes.parts(2)
    let pattern = String(decoding: parts[0], as: UTF8.self)
    let section = Section(JSONValue.string(pattern).field)
    let text = Array(String(decoding: parts[1], as: UTF8.self).utf8)
    _ = PrefixPattern(pattern)?.matches(String(decoding: text, as: UTF8.self))
    let expression = try RegularExpression(pattern, section)
    var end = 0
    for match in try expression.matches(in: text, 0..<text.count) {
      expect(match.lowerBound >= end && match.upperBound <= text.count, "a match at \(match)")
      end = match.upperBound
    }
  },
]
