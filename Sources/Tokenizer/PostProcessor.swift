import JSON

/// The section `post_processor`: the special tokens before and after the ids of a text.
indirect enum PostProcessor: Sendable {
  case sequence([PostProcessor])
  case template(before: [TokenID], after: [TokenID])
  /// Adjusts offsets, which this tokenizer does not compute.
  case byteLevel

  /// Reads a post-processor.
  init(_ section: Section) throws(TokenizerError) {
    let type = try section.type()
    switch type {
    case "Sequence":
      self = .sequence(
        try section.list("processors").map { part throws(TokenizerError) in try Self(part) })
    case "TemplateProcessing": self = try Self.template(section)
    case "BertProcessing", "RobertaProcessing":
      self = .template(
        before: [try Self.token(section, "cls")], after: [try Self.token(section, "sep")])
    case "ByteLevel": self = .byteLevel
    default:
      throw section.unsupported(
        "the type \(type)",
        supported:
          "Sequence, TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel")
    }
  }

  /// Reads a pair of a token and its id; only the id is used.
  private static func token(_ section: Section, _ name: String) throws(TokenizerError) -> TokenID {
    let pair = try section.section(name)
    let values = try pair.values()
    guard values.count == 2, case .string = values[0], case .number(let number) = values[1],
      let id = number.int.flatMap(TokenID.init(exactly:))
    else {
      throw pair.inconsistent(
        JSONValue.array(values).text(), needed: "a token and its id: [\"</s>\", 2]")
    }
    return id
  }

  /// Reads the template `single`, for one text; `pair` is not used.
  private static func template(_ section: Section) throws(TokenizerError) -> PostProcessor {
    var tokens: [ByteKey: [TokenID]] = [:]
    for (name, token) in try section.section("special_tokens").members() {
      tokens[ByteKey(name)] = try token.ids("ids")
    }
    // The special tokens before the text, between its occurrences, and after it.
    var runs: [[TokenID]] = [[]]
    for piece in try section.list("single") {
      if let sequence = try piece.optionalSection("Sequence") {
        let id = try sequence.string("id")
        guard id == "A" else { throw sequence.inconsistent("the text \(id)", needed: "A") }
        runs.append([])
        continue
      }
      let name = try piece.section("SpecialToken").string("id")
      guard let ids = tokens[ByteKey(name)] else {
        throw piece.inconsistent("\"\(name)\"", needed: "a member of special_tokens")
      }
      runs[runs.count - 1] += ids
    }
    guard runs.count == 2 else {
      throw try section.section("single").unsupported(
        "the text A \(runs.count - 1) times", supported: "once")
    }
    return .template(before: runs[0], after: runs[1])
  }

  /// The ids of a text with its special tokens.
  func addSpecialTokens(to ids: [TokenID]) -> [TokenID] {
    switch self {
    case .byteLevel: ids
    case .sequence(let parts): parts.reduce(ids) { $1.addSpecialTokens(to: $0) }
    case .template(let before, let after): before + ids + after
    }
  }
}
