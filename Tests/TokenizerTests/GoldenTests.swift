import Foundation
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
    // In a list of pieces, equal ones share the id of the last.
    var ids: [[UInt8]: Int] = [:]
    for id in 0..<size { ids[Array(try #require(tokenizer.token(of: id)).utf8)] = id }
    for (token, id) in ids {
      #expect(tokenizer.id(of: String(decoding: token, as: UTF8.self)) == id)
    }
    #expect(tokenizer.token(of: size) == nil)
    #expect(tokenizer.token(of: -1) == nil)
    #expect(tokenizer.id(of: "no such token") == nil)
  }

  @Test func `pre-tokenizers and normalizers give the same ids`() throws {
    let goldens = try Fixture.json("variants")
    let texts = try Fixture.texts().prefix(goldens.member("texts").int)
    try expectVariants(goldens, of: Array(texts))
  }

  @Test func `steps that clean a text give the same ids`() throws {
    let goldens = try Fixture.json("cleaning")
    let texts = try Fixture.texts().suffix(goldens.member("texts").int)
    try expectVariants(goldens, of: Array(texts))
  }

  /// Applies each change of a file of goldens; `"t5"` stands for the normalizer of that fixture.
  private func expectVariants(_ goldens: JSONValue, of texts: [String]) throws {
    let base = try Fixture.json("metaspace.tokenizer")
    let normalizer = try Fixture.json("t5.tokenizer").member("normalizer").value.text()
    for variant in try goldens.member("variants").array {
      var file = base
      let words = try variant.member("change").value.text()
      let change = try JSONValue(
        parsing: words.replacingOccurrences(of: "\"t5\"", with: normalizer))
      for (name, field) in try change.field.members { try file.setMember(name, to: field.value) }
      let tokenizer = try Tokenizer(file)
      for (text, ids) in try pairs(texts, variant.member("ids").array) {
        #expect(try tokenizer.encode(text) == ids.ints, "\(words) of \(text.debugDescription)")
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
