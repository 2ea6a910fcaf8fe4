import JSON
import Testing
import Tokenizer

/// Ids equal to those of the Python package `tokenizers`.
@Suite struct `Agreement with the Python package` {
  @Test(arguments: Fixture.names)
  func `texts are encoded to the same ids`(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    let cases = try Fixture.json("\(name).cases").member("cases").array
    for (text, expected) in try pairs(Fixture.texts(), cases) {
      let ids = try expected.member("ids").ints
      #expect(
        try tokenizer.encode(text, addSpecialTokens: false) == ids, "\(text.debugDescription)")
      let special = try expected.optionalMember("special")?.ints ?? ids
      #expect(try tokenizer.encode(text) == special, "\(text.debugDescription)")
    }
  }

  @Test(arguments: Fixture.names)
  func `the vocabulary has the same size and maps both ways`(name: String) throws {
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

  @Test func `pre-tokenizers and normalizers give the same ids`() throws {
    let goldens = try Fixture.json("variants")
    let texts = try Fixture.texts().prefix(goldens.member("texts").int)
    let base = try Fixture.json("metaspace.tokenizer")
    for variant in try goldens.member("variants").array {
      var file = base
      let change = try variant.member("change")
      for (name, field) in try change.members { try file.setMember(name, to: field.value) }
      let tokenizer = try Tokenizer(file)
      for (text, ids) in try pairs(Array(texts), variant.member("ids").array) {
        #expect(
          try tokenizer.encode(text) == ids.ints,
          "\(change.value.text()) of \(text.debugDescription)")
      }
    }
  }

  /// The pairs of two lists that must have the same length, which `zip` does not check.
  private func pairs<A, B>(_ a: [A], _ b: [B]) throws -> Zip2Sequence<[A], [B]> {
    try #require(a.count == b.count)
    try #require(!a.isEmpty)
    return zip(a, b)
  }
}
