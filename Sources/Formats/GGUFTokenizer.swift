internal import Checkpoint
internal import JSON

// The tokenizer in the metadata of a GGUF file: byte-level BPE, which llama.cpp calls "gpt2", or that
// of SentencePiece, "llama". How text is split in front of the former has a name there
// (`tokenizer.ggml.pre`). That name follows from the pre-tokenizer, and so does which of the two it
// is. Everything else in a tokenizer.json may mislead: tools that save a tokenizer again add a byte
// fallback that is never used.

/// The tokenizer of a model, as GGUF files have it.
struct GGUFTokenizer {
  /// What becomes of a text in front of the merges.
  enum Model {
    /// Words of bytes, split in a way that has a name.
    case bytes(GGUFSplit)
    /// Characters with marks for spaces.
    case pieces(GGUFPieces)
  }

  private let model: Model
  private let tokenizer: JSONField
  private let settings: JSONField
  private let configuration: JSONField

  /// Kinds of tokens.
  enum Kind: Int32 {
    case normal = 1
    case unknown = 2
    case control = 3
    case userDefined = 4
    case unused = 5
    case byte = 6
  }

  /// Reads the parts of a model folder that describe its tokenizer.
  ///
  /// - Parameters:
  ///   - tokenizer: `tokenizer.json`.
  ///   - settings: `tokenizer_config.json`, or an empty object.
  ///   - configuration: `config.json`.
  /// - Throws: `JSONError` for a tokenizer that llama.cpp would not apply as it is.
  init(
    _ tokenizer: JSONField, settings: JSONField, configuration: JSONField
  ) throws(JSONError) {
    (self.tokenizer, self.settings, self.configuration) = (tokenizer, settings, configuration)
    let kind = try tokenizer.member("model").member("type")
    guard try kind.string == "BPE" else {
      throw .wrongKind(
        path: kind.path, expected: "BPE, the model that is written to GGUF files",
        found: try kind.string)
    }
    if let split = try tokenizer.optionalMember("pre_tokenizer").flatMap(GGUFSplit.init) {
      model = .bytes(split)
    } else if let pieces = try GGUFPieces(tokenizer) {
      model = .pieces(pieces)
    } else {
      throw .wrongKind(
        path: "pre_tokenizer",
        expected: "SentencePiece's, or one of the ways to split text that llama.cpp knows by name ("
          + GGUFSplit.allCases.map(\.rawValue).joined(separator: ", ") + ")",
        found: try tokenizer.optionalMember("pre_tokenizer")?.value.text(.compact) ?? "null")
    }
  }

  /// The metadata.
  ///
  /// - Parameter count: the number of rows of the embedding, each of which must have a token.
  /// - Returns: the keys with their values.
  /// - Throws: `JSONError` for what is missing or contradicts itself.
  func metadata(rows count: Int) throws(JSONError) -> [(key: String, value: GGUFValue)] {
    let (tokens, kinds) = try vocabulary(rows: count)
    var result: [(key: String, value: GGUFValue)] = [
      ("tokens", .strings(tokens)),
      ("token_type", .array(.int32, kinds.map { .int32($0.rawValue) })),
    ]
    switch model {
    case .bytes(let split):
      result += [("model", .string("gpt2")), ("pre", .string(split.rawValue))]
      result.append(("merges", .strings(try merges.map { "\($0.0) \($0.1)" })))
    case .pieces(let pieces):
      let scores = try GGUFPieces.scores(
        try merges,
        words: zip(tokens, kinds).filter { $0.1 == .normal }.map(\.0),
        marks: zip(tokens, kinds).filter { $0.1 == .userDefined }.map(\.0))
      result += [("model", .string("llama")), ("pre", .string("default"))]
      result.append(
        (
          "scores",
          .array(
            .float32, tokens.map { .float32(scores[ByteString($0)] ?? GGUFPieces.lowestScore) })
        ))
      result.append(("add_space_prefix", .bool(pieces.addsPrefix)))
    }
    let ids = Dictionary(zip(tokens, tokens.indices)) { first, _ in first }
    for (key, member) in [
      ("bos", "bos_token"), ("eos", "eos_token"), ("unknown", "unk_token"),
      ("padding", "pad_token"),
    ] {
      guard let id = try id(member, ids), tokens.indices.contains(id) else { continue }
      result.append(("\(key)_token_id", .uint32(UInt32(id))))
    }
    let opening = try opening
    if let opening { result.append(("bos_token_id", .uint32(UInt32(opening)))) }
    // The last one counts where both are there.
    result = result.enumerated().filter { i, pair in
      !result.dropFirst(i + 1).contains { $0.key == pair.key }
    }.map(\.element)
    result.append(("add_bos_token", .bool(opening != nil)))
    let prefixed = result.map { (key: "tokenizer.ggml.\($0.key)", value: $0.value) }
    guard let template = try settings.optionalMember("chat_template"),
      case .string(let text) = template.value
    else { return prefixed }
    return prefixed + [("tokenizer.chat_template", .string(text))]
  }

  /// The pairs that become one token, in their order.
  private var merges: [(String, String)] {
    get throws(JSONError) {
      var result: [(String, String)] = []
      for merge in try tokenizer.member("model").member("merges").array {
        let parts: [String]
        if case .string(let text) = merge.value {
          parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        } else {
          parts = try merge.strings
        }
        guard parts.count == 2 else {
          throw .wrongKind(
            path: merge.path, expected: "two tokens", found: merge.value.text(.compact))
        }
        result.append((parts[0], parts[1]))
      }
      return result
    }
  }

  /// The tokens in the order of their ids, with their kinds; ids without a token get one that no text has.
  private func vocabulary(rows count: Int) throws(JSONError) -> ([String], [Kind]) {
    var tokens = (0..<count).map { "[PAD\($0)]" }
    var kinds = [Kind](repeating: .unused, count: count)
    func set(_ token: String, _ kind: Kind, at id: Int, _ path: String) throws(JSONError) {
      guard tokens.indices.contains(id) else {
        throw .wrongKind(
          path: path, expected: "an id below \(count), the number of rows of the embedding",
          found: "\(id)")
      }
      (tokens[id], kinds[id]) = (token, kind)
    }
    var isPieces = false
    if case .pieces = model { isPieces = true }
    let marks = try tokenizer.optionalMember("added_tokens")?.array ?? []
    // A mark that has no row, such as one for images in a model without them.
    var rowless: Set<Int> = []
    for id in try marks.map({ mark throws(JSONError) in try mark.member("id").int })
    where isPieces && id >= count { rowless.insert(id) }
    let unknown = isPieces ? try unknownToken : nil
    for (token, id) in try tokenizer.member("model").member("vocab").members {
      if rowless.contains(try id.int) { continue }
      let kind: Kind =
        !isPieces
        ? .normal : token == unknown ? .unknown : GGUFPieces.isByte(token) ? .byte : .normal
      try set(token, kind, at: try id.int, id.path)
    }
    for added in marks {
      let (text, id) = (try added.member("content").string, try added.member("id"))
      if rowless.contains(try id.int) { continue }
      let looksSpecial = text.hasPrefix("<|") && text.hasSuffix("|>")
      let isSpecial = try added.optionalMember("special")?.bool ?? false
      try set(text, isSpecial || looksSpecial ? .control : .userDefined, at: try id.int, id.path)
    }
    return (tokens, kinds)
  }

  /// What unknown characters become; nil for nothing.
  private var unknownToken: String? {
    get throws(JSONError) { try tokenizer.member("model").optionalMember("unk_token")?.string }
  }

  /// The id of a special token: `tokenizer_config.json` has its text, `config.json` its id.
  private func id(_ member: String, _ ids: [String: Int]) throws(JSONError) -> Int? {
    if let token = try settings.optionalMember(member) {
      if case .string(let text) = token.value { return ids[text] }
      if case .object = token.value { return ids[try token.member("content").string] }
    }
    if member == "unk_token", case .pieces = model, let unknown = try unknownToken {
      return ids[unknown]
    }
    guard let id = try configuration.optionalMember("\(member)_id") else { return nil }
    // A model may have several tokens that end a text.
    if case .array = id.value { return try id.ints.first }
    return try id.int
  }

  /// The token with which the post-processor begins every text; nil for none.
  private var opening: Int? {
    get throws(JSONError) {
      guard let processor = try tokenizer.optionalMember("post_processor") else { return nil }
      var parts = [processor]
      if try processor.member("type").string == "Sequence" {
        parts = try processor.member("processors").array
      }
      for part in parts where try part.member("type").string == "TemplateProcessing" {
        let single = try part.member("single").array
        guard let first = try single.first?.optionalMember("SpecialToken") else { continue }
        let token = try first.member("id").string
        return try part.member("special_tokens").member(token).member("ids").ints.first
      }
      return nil
    }
  }
}
