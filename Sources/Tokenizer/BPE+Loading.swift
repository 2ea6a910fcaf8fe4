import JSON

extension BPE {
  /// Reads the section `model`.
  init(_ section: Section) throws(TokenizerError) {
    guard try section.double("dropout", default: 0) == 0 else {
      throw try section.section("dropout").unsupported("random encoding", supported: "null")
    }
    guard let merges = try section.optionalSection("merges") else { throw .missingMerges }
    let vocabulary = try Vocabulary(try section.section("vocab"))
    self.vocabulary = vocabulary
    continuingSubwordPrefix = try Self.affix(section, "continuing_subword_prefix")
    endOfWordSuffix = try Self.affix(section, "end_of_word_suffix")
    self.merges = try Self.merges(merges, vocabulary, continuingSubwordPrefix)
    unknownToken = try section.optionalString("unk_token")
    fusesUnknown = try section.bool("fuse_unk", default: false)
    ignoresMerges = try section.bool("ignore_merges", default: false)
    byteFallback =
      try section.bool("byte_fallback", default: false) ? ByteFallback(vocabulary) : nil
  }

  /// Reads a string that marks the place of a character in its word.
  ///
  /// Its length is limited because it is repeated for every character.
  private static func affix(_ section: Section, _ name: String) throws(TokenizerError) -> [UInt8] {
    guard let text = try section.optionalString(name) else { return [] }
    guard text.utf8.count <= 64 else {
      throw try section.section(name).unsupported(
        "a string of \(text.utf8.count) bytes", supported: "at most 64 bytes")
    }
    return Array(text.utf8)
  }

  /// Reads the merges, each either a pair `["a", "b"]` or a string `"a b"`.
  ///
  /// The right token loses the prefix that marks the continuation of a word; as in the Python
  /// package, this is a matter of its length alone.
  private static func merges(
    _ section: Section, _ vocabulary: Vocabulary, _ prefix: [UInt8]
  ) throws(TokenizerError) -> [UInt64: Merge] {
    let values = try section.values()
    var merges: [UInt64: Merge] = [:]
    merges.reserveCapacity(values.count)
    var joined: [UInt8] = []
    var rank: UInt32 = 0
    for (index, value) in values.enumerated() {
      if case .string(let line) = value, line.utf8.starts(with: "#version".utf8) { continue }
      guard let (left, right) = pair(value) else {
        throw section.inconsistent(
          "\(value.text()) at [\(index)]", needed: "two tokens: [\"a\", \"b\"] or \"a b\"")
      }
      guard right.count >= prefix.count else {
        throw section.inconsistent(
          "\(value.text()) at [\(index)]",
          needed: "a second token that is longer than the continuing_subword_prefix")
      }
      joined.removeAll(keepingCapacity: true)
      joined += left
      joined += right.dropFirst(prefix.count)
      func id(_ token: ArraySlice<UInt8>) throws(TokenizerError) -> TokenID {
        if let id = vocabulary.id(of: token) { return id }
        let text = String(decoding: token, as: UTF8.self)
        throw section.inconsistent("\"\(text)\" at [\(index)]", needed: "a token of model.vocab")
      }
      merges[Self.pair(try id(left), try id(right))] = Merge(rank: rank, id: try id(joined[...]))
      rank += 1
    }
    return merges
  }

  private static func pair(_ value: JSONValue) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
    switch value {
    case .string(let line):
      let parts = Array(line.utf8).split(
        separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      return parts.count == 2 ? (parts[0], parts[1]) : nil
    case .array(let parts):
      guard parts.count == 2, case .string(let left) = parts[0], case .string(let right) = parts[1]
      else { return nil }
      return (Array(left.utf8)[...], Array(right.utf8)[...])
    default:
      return nil
    }
  }
}
