/// What happens to a text before it is split: the section `normalizer`.
indirect enum Normalizer: Sendable {
  case sequence([Normalizer])
  case prepend([UInt8])
  case replace(Pattern, with: [UInt8])
  case unicode(Form)
  case lowercase
  case strip(left: Bool, right: Bool)
  case byteLevel

  /// Reads a normalizer by its type.
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
  func normalize(_ text: [UInt8]) throws(TokenizerError) -> [UInt8] {
    switch self {
    case .sequence(let parts):
      var text = text
      for part in parts { text = try part.normalize(text) }
      return text
    case .prepend(let prefix):
      return text.isEmpty ? text : prefix + text
    case .replace(let pattern, let content):
      return text.replacing(try pattern.matches(in: text, text.indices), with: content)
    case .unicode(let form):
      return form.normalize(text)
    case .lowercase:
      return UTF8Scalars(text[...]).flatMap { Array($0.scalar.properties.lowercaseMapping.utf8) }
    case .strip(let left, let right):
      return Self.strip(text, left: left, right: right)
    case .byteLevel:
      var encoded: [UInt8] = []
      ByteLevel.encode(text[...], into: &encoded)
      return encoded
    }
  }

  private static func strip(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
    let kept = UTF8Scalars(text[...]).filter { !$0.scalar.properties.isWhitespace }.map(\.range)
    guard let first = kept.first, let last = kept.last else { return left || right ? [] : text }
    return Array(text[(left ? first.lowerBound : 0)..<(right ? last.upperBound : text.count)])
  }
}
