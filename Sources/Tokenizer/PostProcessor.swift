/// What is put around the ids of a text: the section `post_processor`.
indirect enum PostProcessor: Sendable {
  /// A part of a template: ids to insert, or nil for the ids of the text.
  typealias Piece = [TokenID]?

  case sequence([PostProcessor])
  case template([Piece])
  /// Changes offsets only, which are not computed here.
  case byteLevel

  /// Reads a post-processor by its type.
  init(_ section: Section) throws(TokenizerError) {
    let type = try section.type()
    switch type {
    case "Sequence":
      self = .sequence(
        try section.list("processors").map { part throws(TokenizerError) in try Self(part) })
    case "TemplateProcessing": self = .template(try Self.template(section))
    case "ByteLevel": self = .byteLevel
    default:
      throw section.unsupported(
        "the type \(type)", supported: "Sequence, TemplateProcessing, ByteLevel")
    }
  }

  /// The template for one text; that for pairs is not used.
  private static func template(_ section: Section) throws(TokenizerError) -> [Piece] {
    var tokens: [ByteKey: [TokenID]] = [:]
    for (name, token) in try section.section("special_tokens").members() {
      tokens[ByteKey(name)] = try token.ids("ids")
    }
    return try section.list("single").map { piece throws(TokenizerError) -> Piece in
      if let sequence = try piece.optionalSection("Sequence") {
        let id = try sequence.string("id")
        guard id == "A" else { throw sequence.inconsistent("the text \(id)", needed: "A") }
        return nil
      }
      let name = try piece.section("SpecialToken").string("id")
      guard let ids = tokens[ByteKey(name)] else {
        throw piece.inconsistent("\"\(name)\"", needed: "a member of special_tokens")
      }
      return ids
    }
  }

  func process(_ ids: [TokenID], addSpecialTokens: Bool) -> [TokenID] {
    switch self {
    case .byteLevel: ids
    case .sequence(let parts):
      parts.reduce(ids) { $1.process($0, addSpecialTokens: addSpecialTokens) }
    case .template(let pieces):
      pieces.flatMap { $0.map { addSpecialTokens ? $0 : [] } ?? ids }
    }
  }
}
