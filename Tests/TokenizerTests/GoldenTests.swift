import JSON
import Testing
import Tokenizer

/// The same ids and texts as the Python package `tokenizers`, over configurations and texts.
@Suite struct `Agreement with the Python package` {
  @Test(arguments: Fixture.names)
  func `texts become the same ids`(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    let cases = try Fixture.json("\(name).cases").member("cases").array
    for (text, expected) in zip(try Fixture.texts(), cases) {
      let ids = try expected.member("ids").ints
      #expect(
        try tokenizer.encode(text, addSpecialTokens: false) == ids, "\(text.debugDescription)")
      let special = try expected.optionalMember("special")?.ints ?? ids
      #expect(try tokenizer.encode(text) == special, "\(text.debugDescription)")
    }
  }

  @Test(arguments: Fixture.names)
  func `ids become the same texts`(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    let json = try Fixture.json("\(name).cases")
    var cases = try json.member("decode").array
    for (text, expected) in zip(try Fixture.texts(), try json.member("cases").array) {
      var expected = expected.value
      let ids = expected["special"] ?? expected["ids"] ?? []
      try expected.setMember("ids", to: ids)
      for key in ["decoded", "decoded_all"] where expected[key] == nil {
        try expected.setMember(key, to: .string(text))
      }
      cases.append(expected.field)
    }
    for expected in cases {
      let ids = try expected.member("ids").ints
      let texts = [tokenizer.decode(ids), tokenizer.decode(ids, skipSpecialTokens: false)]
      #expect(utf8(texts[0]) == utf8(try expected.member("decoded").string), "\(ids)")
      #expect(utf8(texts[1]) == utf8(try expected.member("decoded_all").string), "\(ids)")
    }
  }

  @Test(arguments: Fixture.names)
  func `the vocabulary has the same size, and tokens are found both ways`(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    let size = try Fixture.json("\(name).cases").member("size").int
    #expect(tokenizer.vocabularySize == size)
    for id in 0..<size {
      let token = try #require(tokenizer.token(of: id))
      #expect(tokenizer.id(of: token) == id)
    }
    #expect(tokenizer.token(of: size) == nil)
    #expect(tokenizer.token(of: -1) == nil)
    #expect(tokenizer.id(of: "no such token") == nil)
  }

  @Test func `each pre-tokenizer and normalizer splits the same`() throws {
    let texts = try Fixture.texts()
    let base = try Fixture.json("metaspace.tokenizer")
    for variant in try Fixture.json("variants").field.array {
      var file = base
      let change = try variant.member("change")
      for (name, field) in try change.members { try file.setMember(name, to: field.value) }
      let tokenizer = try Tokenizer(file)
      for (text, ids) in zip(texts, try variant.member("ids").array) {
        #expect(
          try tokenizer.encode(text) == ids.ints,
          "\(change.value.text()) of \(text.debugDescription)")
      }
    }
  }
}
