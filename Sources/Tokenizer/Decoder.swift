/// The section `decoder`: the steps that turn a list of tokens back into text.
indirect enum Decoder: Sendable {
  case sequence([Decoder])
  case byteLevel
  case byteFallback
  case fuse
  case replace([UInt8], with: [UInt8])
  case strip(Unicode.Scalar, start: Int, stop: Int)
  case metaspace(Unicode.Scalar, PreTokenizer.PrependScheme)

  /// Reads a decoder.
  init(_ section: Section) throws(TokenizerError) {
    let type = try section.type()
    switch type {
    case "Sequence":
      self = .sequence(
        try section.list("decoders").map { part throws(TokenizerError) in try Self(part) })
    case "ByteLevel": self = .byteLevel
    case "ByteFallback": self = .byteFallback
    case "Fuse": self = .fuse
    case "Replace":
      let pattern = try section.section("pattern")
      guard let text = try pattern.optionalString("String"), !text.isEmpty else {
        throw pattern.unsupported("this pattern", supported: "a String that is not empty")
      }
      self = .replace(Array(text.utf8), with: try section.bytes("content"))
    case "Strip":
      self = .strip(
        try section.scalar("content"), start: try section.int("start"),
        stop: try section.int("stop"))
    case "Metaspace":
      self = .metaspace(
        try section.scalar("replacement"), try PreTokenizer.prependScheme(section))
    default:
      throw section.unsupported(
        "the type \(type)",
        supported: "Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace")
    }
  }

  func decode(_ tokens: [[UInt8]]) throws(TokenizerError) -> [[UInt8]] {
    try decode(
      tokens, GrowthLimit(section: "decoder", byteCount: tokens.reduce(0) { $0 + $1.count }))
  }

  private func decode(_ tokens: [[UInt8]], _ limit: GrowthLimit) throws(TokenizerError) -> [[UInt8]]
  {
    switch self {
    case .sequence(let parts):
      var tokens = tokens
      for part in parts { tokens = try part.decode(tokens, limit) }
      return tokens
    case .byteLevel: return [tokens.flatMap(ByteLevel.decode).repaired]
    case .byteFallback: return Self.byteFallback(tokens)
    case .fuse: return [Array(tokens.joined())]
    case .replace(let text, let content):
      return try tokens.map { token throws(TokenizerError) in
        let matches = Pattern.occurrences(of: text, in: token, token.indices)
        return try token.replacing(matches, with: content, limit)
      }
    case .strip(let scalar, let start, let stop):
      return tokens.map { Self.strip($0, scalar, start: start, stop: stop) }
    case .metaspace(let replacement, let scheme):
      return tokens.enumerated().map { index, token in
        Self.metaspace(token, replacement, dropsSpace: index == 0 && scheme != .never)
      }
    }
  }

  /// Joins runs of byte tokens such as `<0xE4>` to text; a run that is not valid UTF-8 becomes one
  /// replacement character for each byte.
  private static func byteFallback(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var run: [UInt8] = []
    func flush() {
      let isValid = String(validating: run, as: UTF8.self) != nil
      if isValid, !run.isEmpty { result.append(run) }
      if !isValid { result += run.map { _ in Array("\u{FFFD}".utf8) } }
      run = []
    }
    for token in tokens {
      if let byte = byte(token) {
        run.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }

  private static func byte(_ token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
  }

  /// Removes up to `start` occurrences of a scalar from the front and up to `stop` from the back.
  private static func strip(
    _ token: [UInt8], _ scalar: Unicode.Scalar, start: Int, stop: Int
  ) -> [UInt8] {
    var scalars: [(scalar: Unicode.Scalar, range: Range<Int>)] = []
    token[...].forEachScalar { scalars.append(($0, $1)) }
    let front = scalars.prefix(max(start, 0)).prefix { $0.scalar == scalar }.count
    let back = scalars.suffix(max(stop, 0)).reversed().prefix { $0.scalar == scalar }.count
    return scalars.dropFirst(front).dropLast(back).flatMap { token[$0.range] }
  }

  /// Replaces each occurrence of a scalar by a space, or drops it.
  private static func metaspace(
    _ token: [UInt8], _ replacement: Unicode.Scalar, dropsSpace: Bool
  ) -> [UInt8] {
    var result: [UInt8] = []
    token[...].forEachScalar { scalar, range in
      if scalar != replacement {
        result += token[range]
      } else if !dropsSpace {
        result.append(UInt8(ascii: " "))
      }
    }
    return result
  }
}

extension [UInt8] {
  /// These bytes, with a replacement character for each ill-formed part.
  fileprivate var repaired: [UInt8] { Array(String(decoding: self, as: UTF8.self).utf8) }
}
