internal import Checkpoint
internal import JSON

extension GGUFTokenizer {
  /// A `tokenizer.json` that says the same as the metadata of a file; nil where nothing is said.
  ///
  /// - Throws: ``CheckpointError`` for a tokenizer that is not known, or contradicts itself.
  static func json(in file: GGUFFile) throws(CheckpointError) -> JSONValue? {
    guard let model = file["tokenizer.ggml.model"]?.text else { return nil }
    if model == "llama" { return try pieces(in: file) }
    let pre = file["tokenizer.ggml.pre"]?.text ?? "missing"
    guard model == "gpt2", let split = GGUFSplit(rawValue: pre),
      let tokens = file["tokenizer.ggml.tokens"]?.elements,
      let merges = file["tokenizer.ggml.merges"]?.elements
    else {
      throw .gguf(
        path: file.file.path,
        reason:
          "has a tokenizer of the model \(model) with the splitting \(pre); llama is read, and gpt2 with "
          + GGUFSplit.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let (vocabulary, added) = try vocabulary(tokens, in: file)
    let normalizer: JSONValue = split == .qwen2 ? ["type": "NFC"] : .null
    return [
      "version": "1.0", "added_tokens": .array(added), "normalizer": normalizer,
      "pre_tokenizer": split.section, "post_processor": opening(in: file, tokens),
      "model": [
        "type": "BPE", "dropout": .null, "unk_token": .null, "fuse_unk": false,
        "byte_fallback": false, "ignore_merges": .bool(split == .llama3),
        "vocab": .object(vocabulary), "merges": .array(merges.map { .string($0.text ?? "") }),
      ],
    ]
  }

  /// What `tokenizer_config.json` says besides: special tokens by their text, and the template of chats.
  static func settings(in file: GGUFFile) -> JSONValue {
    let tokens = file["tokenizer.ggml.tokens"]?.elements ?? []
    var members: [(String, JSONValue)] = [("tokenizer_class", "PreTrainedTokenizerFast")]
    for (key, member) in [
      ("bos", "bos_token"), ("eos", "eos_token"), ("unknown", "unk_token"),
      ("padding", "pad_token"),
    ] {
      guard let id = file["tokenizer.ggml.\(key)_token_id"]?.int, tokens.indices.contains(id),
        let text = tokens[id].text
      else { continue }
      members.append((member, .string(text)))
    }
    if let template = file["tokenizer.chat_template"]?.text {
      members.append(("chat_template", .string(template)))
    }
    return .members(members)
  }

  /// The sections `vocab` and `added_tokens`.
  private static func vocabulary(
    _ tokens: [GGUFValue], in file: GGUFFile
  ) throws(CheckpointError) -> (JSONObject, added: [JSONValue]) {
    let kinds = file["tokenizer.ggml.token_type"]?.elements?.map { $0.int ?? 1 } ?? []
    guard kinds.isEmpty || kinds.count == tokens.count else {
      throw .gguf(
        path: file.file.path,
        reason: "has \(kinds.count) kinds of tokens for \(tokens.count) tokens")
    }
    var (vocabulary, added) = (JSONObject(), [JSONValue]())
    for (id, token) in tokens.enumerated() {
      let text = token.text ?? ""
      let kind = kinds.isEmpty ? Kind.normal.rawValue : Int32(clamping: kinds[id])
      // A row of the embedding that no text reaches.
      if kind == Kind.unused.rawValue { continue }
      if vocabulary[text] == nil { vocabulary[text] = .number(JSONNumber(id)) }
      let isSpecial = kind == Kind.control.rawValue
      guard isSpecial || kind == Kind.userDefined.rawValue else { continue }
      added.append([
        "id": .number(JSONNumber(id)), "content": .string(text), "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": .bool(isSpecial),
      ])
    }
    return (vocabulary, added)
  }

  /// A `tokenizer.json` of a vocabulary whose merges follow from scores.
  private static func pieces(in file: GGUFFile) throws(CheckpointError) -> JSONValue {
    let tokens = file["tokenizer.ggml.tokens"]?.elements ?? []
    let scores = file["tokenizer.ggml.scores"]?.elements ?? []
    guard !tokens.isEmpty, scores.count == tokens.count else {
      throw .gguf(
        path: file.file.path, reason: "has \(scores.count) scores for \(tokens.count) tokens")
    }
    let (vocabulary, added) = try vocabulary(tokens, in: file)
    let ranks = scores.indices.sorted {
      (-(scores[$0].number ?? 0), $0) < (-(scores[$1].number ?? 0), $1)
    }
    var rank: [ByteString: Int] = [:]
    for (place, id) in ranks.enumerated() { rank[ByteString(tokens[id].text ?? "")] = place }
    let marks = Set(
      added.compactMap { token -> ByteString? in
        if case .string(let text)? = token["content"] { ByteString(text) } else { nil }
      })
    // What merges make is a word even if it is a mark as well.
    let made = Set(
      zip(tokens, scores).filter { ($0.1.number ?? 0) > Double(GGUFPieces.lowestScore) }
        .map { ByteString($0.0.text ?? "") })
    let words = vocabulary.map(\.name).filter {
      !GGUFPieces.isByte($0) && (!marks.contains(ByteString($0)) || made.contains(ByteString($0)))
    }
    let merges: [(String, String)]
    do throws(JSONError) {
      merges = try GGUFPieces.merges(of: words) { rank[$0] ?? 0 }
    } catch {
      throw .json(path: file.file.path, cause: error)
    }
    let unknown = file["tokenizer.ggml.unknown_token_id"]?.int.flatMap { id in
      tokens.indices.contains(id) ? tokens[id].text : nil
    }
    let addsPrefix = file["tokenizer.ggml.add_space_prefix"]?.flag ?? true
    return [
      "version": "1.0", "added_tokens": .array(added),
      "normalizer": GGUFPieces.normalizer(addsPrefix: addsPrefix), "pre_tokenizer": .null,
      "post_processor": opening(in: file, tokens),
      "model": [
        "type": "BPE", "dropout": .null, "unk_token": unknown.map(JSONValue.string) ?? .null,
        "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
        "vocab": .object(vocabulary),
        "merges": .array(merges.map { [.string($0.0), .string($0.1)] }),
      ],
    ]
  }

  /// The post-processor that begins every text with a token, where the file says so.
  private static func opening(in file: GGUFFile, _ tokens: [GGUFValue]) -> JSONValue {
    guard file["tokenizer.ggml.add_bos_token"]?.flag == true,
      let id = file["tokenizer.ggml.bos_token_id"]?.int, tokens.indices.contains(id),
      let text = tokens[id].text
    else { return .null }
    let token = JSONValue.string(text)
    let sequence: JSONValue = ["Sequence": ["id": "A", "type_id": 0]]
    let special: JSONValue = ["SpecialToken": ["id": token, "type_id": 0]]
    let tokens: JSONValue = [
      "id": token, "ids": .array([.number(JSONNumber(id))]), "tokens": .array([token]),
    ]
    return [
      "type": "TemplateProcessing", "single": .array([special, sequence]),
      "pair": .array([special, sequence, special, ["Sequence": ["id": "B", "type_id": 1]]]),
      "special_tokens": .members([(text, tokens)]),
    ]
  }
}
