extension PreTokenizer {
  private static let supported =
    "Sequence, ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, Metaspace, "
    + "BertPreTokenizer, CharDelimiterSplit, FixedLength, UnicodeScripts"

  /// Reads a pre-tokenizer.
  init(_ section: Section) throws(TokenizerError) {
    let type = try section.type()
    switch type {
    case "Sequence":
      self = .sequence(
        try section.list("pretokenizers").map { part throws(TokenizerError) in try Self(part) })
    case "ByteLevel":
      let usesExpression = try section.bool("use_regex", default: true)
      self = .byteLevel(
        addsPrefixSpace: try section.bool("add_prefix_space"),
        usesExpression
          ? .expression(try RegularExpression(RegularExpression.gpt2, section)) : nil)
    case "Split":
      self = .split(
        try Pattern(try section.section("pattern")), try Self.behavior(section),
        inverted: try section.bool("invert"))
    case "Digits":
      let individual = try section.bool("individual_digits", default: false)
      self = .split(.digits, individual ? .isolated : .contiguous, inverted: false)
    case "Punctuation":
      let isDefault = try section.optionalString("behavior") == nil
      self = .split(
        .punctuation, isDefault ? .isolated : try Self.behavior(section), inverted: false)
    case "WhitespaceSplit": self = .split(.whitespace, .removed, inverted: false)
    case "Whitespace":
      self = .sequence([
        .split(.whitespace, .removed, inverted: false),
        .split(.wordCharacters, .contiguous, inverted: false),
      ])
    case "BertPreTokenizer":
      self = .sequence([
        .split(.whitespace, .removed, inverted: false),
        .split(.punctuation, .isolated, inverted: false),
      ])
    case "CharDelimiterSplit":
      let delimiter = try section.scalar("delimiter")
      self = .split(.scalars { $0 == delimiter }, .removed, inverted: false)
    case "FixedLength":
      self = .split(.chunks(of: try Self.length(section)), .isolated, inverted: false)
    case "UnicodeScripts": self = .split(.scriptRuns, .removed, inverted: true)
    case "Metaspace": self = try Self.metaspace(section)
    default: throw section.unsupported("the type \(type)", supported: Self.supported)
    }
  }

  private static func behavior(
    _ section: Section
  ) throws(TokenizerError) -> PreTokenizedText.Behavior {
    let name = try section.string("behavior")
    guard let behavior = PreTokenizedText.Behavior(rawValue: name) else {
      let all = PreTokenizedText.Behavior.allCases.map(\.rawValue).joined(separator: ", ")
      throw try section.section("behavior").unsupported("\(name)", supported: all)
    }
    return behavior
  }

  private static func length(_ section: Section) throws(TokenizerError) -> Int {
    guard let member = try section.optionalSection("length") else { return 5 }
    let length = try section.int("length")
    guard length > 0 else { throw member.inconsistent("\(length)", needed: "a positive number") }
    return length
  }

  private static func metaspace(_ section: Section) throws(TokenizerError) -> PreTokenizer {
    let name = try section.optionalString("prepend_scheme") ?? "always"
    guard let scheme = PrependScheme(rawValue: name) else {
      throw try section.section("prepend_scheme").unsupported(
        name, supported: "always, first, never")
    }
    // Early files have this flag instead.
    let addsPrefixSpace = try section.bool("add_prefix_space", default: true)
    guard scheme == .never || addsPrefixSpace else {
      throw section.inconsistent(
        "add_prefix_space false with prepend_scheme \(name)", needed: "prepend_scheme never")
    }
    return .metaspace(
      try section.scalar("replacement"), scheme, splits: try section.bool("split", default: true))
  }
}
