package import JSON

extension Tokenizer {
  /// Reads the content of a `tokenizer.json`.
  ///
  /// - Parameter bytes: The JSON text, as UTF-8.
  /// - Throws: `TokenizerError`; it names the section that cannot be read and what is supported.
  package init(parsing bytes: [UInt8]) throws(TokenizerError) {
    let json: JSONValue
    do { json = try JSONValue(parsing: bytes) } catch { throw .json(error) }
    try self.init(json)
  }

  /// Reads the parsed content of a `tokenizer.json`.
  ///
  /// The section `post_processor` may be of any kind: the functions that need it throw what is wrong
  /// with it.
  ///
  /// - Parameter json: The root of the file.
  /// - Throws: `TokenizerError`; it names the section that cannot be read and what is supported.
  package init(_ json: JSONValue) throws(TokenizerError) {
    let root = Section(json.field)
    let version = try root.optionalString("version") ?? "1.0"
    guard version == "1.0" else {
      throw root.unsupported("version \(version)", supported: "version 1.0")
    }
    model = try Model(try root.section("model"))
    normalizer = try root.optionalSection("normalizer").map { section throws(TokenizerError) in
      try Normalizer(section)
    }
    preTokenizer = try root.optionalSection("pre_tokenizer").map { section throws(TokenizerError) in
      try PreTokenizer(section)
    }
    postProcessor = Result { () throws(TokenizerError) in
      try root.optionalSection("post_processor").map { section throws(TokenizerError) in
        try PostProcessor(section)
      }
    }
    let added = try Self.addedTokens(root, model.vocabulary)
    addedTokens = try AddedTokens(added, normalizer)
    let vocabulary = model.vocabulary
    vocabularySize =
      vocabulary.count
      + addedTokens.tokens.values.count { vocabulary.id(of: $0.content[...]) == nil }
  }

  /// Reads the added tokens.
  ///
  /// The Python package ignores the ids in the file: it gives a token its id in the vocabulary, or
  /// else the next free one. A file that states another id is rejected here, because tools that
  /// believe the file would disagree with the Python package.
  private static func addedTokens(
    _ root: Section, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> [AddedToken] {
    guard try root.optionalSection("added_tokens") != nil else { return [] }
    var added: [AddedToken] = []
    var ids: [ByteKey: TokenID] = [:]
    var next = vocabulary.count
    for section in try root.list("added_tokens") {
      let content = try section.bytes("content")
      if content.isEmpty { continue }
      let key = ByteKey(content[...])
      let number = try section.int("id")
      let known = ids[key] ?? vocabulary.id(of: content[...])
      let expected = known.map(Int.init) ?? next
      guard number == expected, let id = TokenID(exactly: number) else {
        let name = String(decoding: content, as: UTF8.self)
        throw section.inconsistent(
          "the id \(number) for \"\(name)\"",
          needed: "\(expected), \(known == nil ? "the next free id" : "its id in model.vocab")")
      }
      if known == nil { next += 1 }
      ids[key] = id
      added.append(
        AddedToken(
          id: id, content: content,
          isSingleWord: try section.bool("single_word"), stripsLeft: try section.bool("lstrip"),
          stripsRight: try section.bool("rstrip"), isNormalized: try section.bool("normalized")))
    }
    return added
  }
}
