internal import Checkpoint
internal import JSON

extension GGUFTokenizer {
  /// A `tokenizer.json` that says the same as the metadata of a file; nil where nothing is said.
  ///
  /// - Throws: ``CheckpointError`` for a tokenizer that is not known, or contradicts itself.
  static func json(in file: GGUFFile) throws(CheckpointError) -> JSONValue? {
    guard let model = file["tokenizer.ggml.model"]?.text else { return nil }
    let pre = file["tokenizer.ggml.pre"]?.text ?? "missing"
    guard model == "gpt2", let split = GGUFSplit(rawValue: pre),
      let tokens = file["tokenizer.ggml.tokens"]?.elements,
      let merges = file["tokenizer.ggml.merges"]?.elements
    else {
      throw .gguf(
        path: file.file.path,
        reason:
          "has a tokenizer of the model \(model) with the splitting \(pre); gpt2 is read, with "
          + GGUFSplit.allCases.map(\.rawValue).joined(separator: ", "))
    }
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
