/// The section `normalizer`: changes to the text before it is split.
indirect enum Normalizer: Sendable {
  case sequence([Normalizer])
  case prepend([UInt8])
  case replace(Pattern, with: [UInt8])
  case unicode(Form)
  case lowercase
  case strip(left: Bool, right: Bool)
  case stripAccents
  case byteLevel
  case nmt
  case bert(BERTNormalizer)
  case precompiled(Precompiled)

  private static let supported =
    "Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, ByteLevel, "
    + "Nmt, BertNormalizer, Precompiled"

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
    case "StripAccents": self = .stripAccents
    case "ByteLevel": self = .byteLevel
    case "Nmt": self = .nmt
    case "BertNormalizer": self = .bert(try BERTNormalizer(section))
    case "Precompiled": self = .precompiled(try Precompiled(section))
    default:
      guard let form = Form(rawValue: type) else {
        throw section.unsupported("the type \(type)", supported: Self.supported)
      }
      self = .unicode(form)
    }
  }

  /// The normalized text.
  ///
  /// - Throws: `TokenizerError.matchingFailed`, `.inconsistent` from `Precompiled`, or `.textTooLong`
  ///   beyond the `GrowthLimit`.
  func normalize(_ text: [UInt8]) throws(TokenizerError) -> NormalizedText {
    var text = NormalizedText(text)
    try normalize(&text)
    return text
  }

  private func normalize(_ text: inout NormalizedText) throws(TokenizerError) {
    switch self {
    case .sequence(let parts): for part in parts { try part.normalize(&text) }
    case .prepend(let prefix): try text.prepend(prefix)
    case .replace(let pattern, let content): try text.replace(pattern, with: content)
    case .unicode(let form): try text.transform(form)
    case .lowercase: try text.lowercase()
    case .strip(let left, let right):
      let start = left ? text.bytes[...].startOfTrimmed : 0
      text.keep(start..<(right ? text.bytes[start...].endOfTrimmed : text.bytes.count))
    case .stripAccents: try text.removeScalars { $0.isCombiningMark }
    case .byteLevel:
      try text.rewriteScalars { _, bytes, result in ByteLevel.encode(bytes, into: &result) }
    case .nmt: try text.cleanForNMT()
    case .bert(let normalizer): try normalizer.normalize(&text)
    case .precompiled(let normalizer): try normalizer.normalize(&text)
    }
  }
}
