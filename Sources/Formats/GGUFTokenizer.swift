internal import Checkpoint
internal import JSON

// The tokenizer in the metadata of a GGUF file: byte-level BPE, which llama.cpp calls "gpt2". How text is split
// in front of it has a name there (`tokenizer.ggml.pre`), which follows from the pre-tokenizer. Everything else in
// a tokenizer.json may mislead: tools that save a tokenizer again add a byte fallback that is never used.

/// The tokenizer of a model, as GGUF files have it.
struct GGUFTokenizer {
  /// The name of the way in which text is split.
  let pre: String
  private let tokenizer: JSONField
  private let settings: JSONField
  private let configuration: JSONField

  /// Kinds of tokens.
  enum Kind: Int32 {
    case normal = 1
    case control = 3
    case userDefined = 4
    case unused = 5
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
    guard let pre = GGUFSplit(try tokenizer.member("pre_tokenizer")) else {
      throw .wrongKind(
        path: "pre_tokenizer",
        expected: "one of the ways to split text that llama.cpp knows by name ("
          + GGUFSplit.allCases.map(\.rawValue).joined(separator: ", ") + ")",
        found: try tokenizer.member("pre_tokenizer").value.text(.compact))
    }
    self.pre = pre.rawValue
  }

  /// The metadata.
  ///
  /// - Parameter count: the number of rows of the embedding, each of which must have a token.
  /// - Returns: the keys with their values.
  /// - Throws: `JSONError` for what is missing or contradicts itself.
  func metadata(rows count: Int) throws(JSONError) -> [(key: String, value: GGUFValue)] {
    let (tokens, kinds) = try vocabulary(rows: count)
    var merges: [String] = []
    for merge in try tokenizer.member("model").member("merges").array {
      if case .string(let text) = merge.value {
        merges.append(text)
      } else {
        merges.append(try merge.strings.joined(separator: " "))
      }
    }
    var result: [(key: String, value: GGUFValue)] = [
      ("model", .string("gpt2")), ("pre", .string(pre)), ("tokens", .strings(tokens)),
      ("token_type", .array(.int32, kinds.map { .int32($0.rawValue) })),
      ("merges", .strings(merges)),
    ]
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
    for (token, id) in try tokenizer.member("model").member("vocab").members {
      try set(token, .normal, at: try id.int, id.path)
    }
    for added in try tokenizer.optionalMember("added_tokens")?.array ?? [] {
      let (text, id) = (try added.member("content").string, try added.member("id"))
      let looksSpecial = text.hasPrefix("<|") && text.hasSuffix("|>")
      let isSpecial = try added.optionalMember("special")?.bool ?? false
      try set(text, isSpecial || looksSpecial ? .control : .userDefined, at: try id.int, id.path)
    }
    return (tokens, kinds)
  }

  /// The id of a special token: `tokenizer_config.json` has its text, `config.json` its id.
  private func id(_ member: String, _ ids: [String: Int]) throws(JSONError) -> Int? {
    if let token = try settings.optionalMember(member) {
      if case .string(let text) = token.value { return ids[text] }
      if case .object = token.value { return ids[try token.member("content").string] }
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
