import JSON

extension BPE {
  /// Reads the section `model`.
  init(_ section: Section) throws(TokenizerError) {
    // Early files do not state the type.
    let type = try section.optionalString("type") ?? "BPE"
    guard type == "BPE" else {
      throw section.unsupported("the type \(type)", supported: "BPE")
    }
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let affix = try section.optionalString(name), !affix.isEmpty {
        throw try section.section(name).unsupported("\"\(affix)\"", supported: "null")
      }
    }
    guard try section.double("dropout", default: 0) == 0 else {
      throw try section.section("dropout").unsupported("random encoding", supported: "null")
    }
    guard let merges = try section.optionalSection("merges") else { throw .missingMerges }
    let vocabulary = try Vocabulary(try section.section("vocab"))
    self.vocabulary = vocabulary
    self.merges = try Self.merges(merges, vocabulary)
    unknownToken = try section.optionalString("unk_token")
    fusesUnknown = try section.bool("fuse_unk", default: false)
    ignoresMerges = try section.bool("ignore_merges", default: false)
    byteTokens =
      try section.bool("byte_fallback", default: false)
      ? (0...255).map { vocabulary.id(of: Array(Self.byteToken($0).utf8)[...]) } : []
  }

  /// The token of a byte in a vocabulary with byte fallback, such as `<0x0A>`.
  private static func byteToken(_ byte: Int) -> String {
    "<0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))>"
  }

  /// Reads the merges, each either a pair `["a", "b"]` or a string `"a b"`.
  private static func merges(
    _ section: Section, _ vocabulary: Vocabulary
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
      joined.removeAll(keepingCapacity: true)
      joined += left
      joined += right
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
