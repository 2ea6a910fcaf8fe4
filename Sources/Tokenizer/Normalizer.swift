/// The section `normalizer`: changes to the text before it is split.
indirect enum Normalizer: Sendable {
  case sequence([Normalizer])
  case prepend([UInt8])
  case replace(Pattern, with: [UInt8])
  case unicode(Form)
  case lowercase
  case strip(left: Bool, right: Bool)
  case byteLevel

  /// Reads a normalizer.
  init(_ section: Section) throws(TokenizerError) {
    let type = try section.type()
    switch type {
    case "Sequence":
      self = .sequence(
        try section.list("normalizers").map { part throws(TokenizerError) in try Self(part) })
    case "Prepend": self = .prepend(try section.bytes("prepend"))
    case "Replace":
      self = .replace(
        try Pattern(try section.section("pattern")), with: try section.bytes("content"))
    case "Lowercase": self = .lowercase
    case "Strip":
      self = .strip(left: try section.bool("strip_left"), right: try section.bool("strip_right"))
    case "ByteLevel": self = .byteLevel
    default:
      guard let form = Form(rawValue: type) else {
        throw section.unsupported(
          "the type \(type)",
          supported: "Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Strip, ByteLevel"
        )
      }
      self = .unicode(form)
    }
  }

  /// The normalized text.
  ///
  /// - Throws: `TokenizerError.matchingFailed`, or `.textTooLong` beyond the `GrowthLimit`.
  func normalize(_ text: [UInt8]) throws(TokenizerError) -> [UInt8] {
    try normalize(text, GrowthLimit(section: "normalizer", byteCount: text.count))
  }

  private func normalize(_ text: [UInt8], _ limit: GrowthLimit) throws(TokenizerError) -> [UInt8] {
    switch self {
    case .sequence(let parts):
      var text = text
      for part in parts {
        text = try part.normalize(text, limit)
        try limit.check(text.count)
      }
      return text
    case .prepend(let prefix):
      return text.isEmpty ? text : prefix + text
    case .replace(let pattern, let content):
      return try text.replacing(
        try pattern.matches(in: text, text.indices), with: content, limit)
    case .unicode(let form):
      return form.normalize(text)
    case .lowercase:
      var lowercase: [UInt8] = []
      lowercase.reserveCapacity(text.count)
      text[...].forEachScalar { scalar, _ in lowercase += scalar.properties.lowercaseMapping.utf8 }
      return lowercase
    case .strip(let left, let right):
      let start = left ? text[...].startOfTrimmed : 0
      let end = right ? text[start...].endOfTrimmed : text.count
      return Array(text[start..<end])
    case .byteLevel:
      var encoded: [UInt8] = []
      ByteLevel.encode(text[...], into: &encoded)
      return encoded
    }
  }
}
