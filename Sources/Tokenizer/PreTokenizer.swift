/// The section `pre_tokenizer`: how a text is split into words for the model.
indirect enum PreTokenizer: Sendable {
  enum PrependScheme: String { case always, first, never }

  case sequence([PreTokenizer])
  case byteLevel(addsPrefixSpace: Bool, Pattern?)
  case split(Pattern, PreTokenizedText.Behavior, inverted: Bool)
  case metaspace(Unicode.Scalar, PrependScheme, splits: Bool)

  /// Splits and rewrites the pieces of a text.
  ///
  /// - Throws: `TokenizerError.matchingFailed`, or `.textTooLong` beyond the `GrowthLimit`.
  func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
    switch self {
    case .sequence(let parts):
      for part in parts { try part.preTokenize(&text) }
    case .byteLevel(let addsPrefixSpace, let pattern):
      if addsPrefixSpace {
        try text.rewrite { piece, _, result in
          if piece.first != UInt8(ascii: " ") { result.append(UInt8(ascii: " ")) }
          result += piece
        }
      }
      if let pattern { try text.split(by: pattern, .isolated) }
      try text.rewrite { piece, _, result in ByteLevel.encode(piece, into: &result) }
    case .split(let pattern, let behavior, let inverted):
      try text.split(by: pattern, behavior, inverted: inverted)
    case .metaspace(let replacement, let scheme, let splits):
      try Self.metaspace(&text, Array(String(Character(replacement)).utf8), scheme)
      if splits { try text.split(by: .scalars { $0 == replacement }, .mergedWithNext) }
    }
  }

  /// Replaces every space and, depending on the scheme, prepends a replacement to the piece.
  private static func metaspace(
    _ text: inout PreTokenizedText, _ replacement: [UInt8], _ scheme: PrependScheme
  ) throws(TokenizerError) {
    try text.rewrite { piece, startsText, result in
      let isPrepended = piece.first == UInt8(ascii: " ") || piece.starts(with: replacement)
      if !isPrepended, scheme == .always || scheme == .first && startsText { result += replacement }
      for byte in piece {
        if byte == UInt8(ascii: " ") { result += replacement } else { result.append(byte) }
      }
    }
  }
}

extension PreTokenizer {
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
    case "Metaspace": self = try Self.metaspace(section)
    default:
      throw section.unsupported(
        "the type \(type)",
        supported: "Sequence, ByteLevel, Split, Digits, Punctuation, WhitespaceSplit, Metaspace")
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

extension Pattern {
  /// Characters of the general categories Nd, Nl and No.
  static let digits = Pattern.scalars { scalar in
    switch scalar.properties.generalCategory {
    case .decimalNumber, .letterNumber, .otherNumber: true
    default: false
    }
  }

  /// ASCII punctuation and symbols, and all other characters of the general categories P.
  ///
  /// As in the tables of the Python package, the categories are those of Unicode 8. Two characters
  /// have left Po since.
  static let punctuation = Pattern.scalars { scalar in
    if scalar == "\u{166D}" || scalar == "\u{111C9}" { return true }
    guard scalar.isKnown(toUnicode: 8) else { return false }
    return switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      true
    case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: scalar.isASCII
    default: false
    }
  }

  static let whitespace = Pattern.scalars { $0.properties.isWhitespace }
}
