internal import Checkpoint
internal import JSON

extension GGUFArchitecture {
  /// The architecture that the metadata of a file describes.
  ///
  /// - Throws: ``CheckpointError`` for one that is not known, or sizes that are missing or impossible.
  init(_ file: GGUFFile) throws(CheckpointError) {
    let name = file["general.architecture"]?.text ?? "missing"
    let known = Self.names.map(\.value)
    guard known.contains(name) else {
      let unique = known.enumerated().filter { known.firstIndex(of: $0.1) == $0.0 }.map(\.1)
      throw .gguf(
        path: file.file.path,
        reason:
          "general.architecture is \(name); \(unique.joined(separator: ", ")) are read")
    }
    self.name = name
    blocks = try file.size("\(name).block_count")
    heads = try file.size("\(name).attention.head_count")
    keyValueHeads = try file.optionalSize("\(name).attention.head_count_kv") ?? heads
    experts = try file.optionalSize("\(name).expert_count", atMost: Self.mostExperts) ?? 0
    guard experts > 0 || !name.contains("moe") else {
      throw .gguf(path: file.file.path, reason: "\(name).expert_count is missing")
    }
    guard experts == 0 || name == "llama" || name.contains("moe") else {
      throw .gguf(
        path: file.file.path,
        reason: "\(name).expert_count is \(experts), and models of \(name) have no experts")
    }
    isTied = !file.entries.contains { $0.name == "output.weight" }
  }

  /// `config.json`, without what it says about quantization.
  ///
  /// - Throws: ``CheckpointError`` for what is missing or not supported.
  func configuration(_ file: GGUFFile) throws(CheckpointError) -> JSONObject {
    var config = JSONObject()
    config["model_type"] = .string(modelType)
    config["architectures"] = [.string(Self.classes[modelType] ?? "")]
    for (key, member) in integers {
      if let value = try file.optionalSize("\(name).\(key)") {
        config[member] = .number(JSONNumber(value))
      }
    }
    let embedding = file.entries.first { $0.name == "token_embd.weight" }
    if config["vocab_size"] == nil, let rows = embedding?.rows {
      config["vocab_size"] = .number(JSONNumber(rows))
    }
    let heads = (query: self.heads, keyValue: keyValueHeads)
    config["num_key_value_heads"] = .number(JSONNumber(heads.keyValue))
    if config["head_dim"] == nil {
      let width = try file.size("\(name).embedding_length") / heads.query
      config["head_dim"] = .number(JSONNumber(width))
    }
    let epsilon = file["\(name).attention.layer_norm_rms_epsilon"]?.number
    config["rms_norm_eps"] = .number(JSONNumber(epsilon ?? 1e-5))
    config["rope_theta"] = .number(JSONNumber(file["\(name).rope.freq_base"]?.number ?? 10_000))
    config["rope_scaling"] = try scaling(file, config["max_position_embeddings"] ?? 2048)
    if let gemma {
      for member in try gemma.configuration(file, self) { config[member.name] = member.value }
    } else {
      config["hidden_act"] = "silu"
    }
    if name == "phi3" {
      let width = try file.size("\(name).embedding_length") / max(1, heads.query)
      let own = try PhiStatement().configuration(
        file, width: width, context: config["max_position_embeddings"] ?? 4096)
      for member in own { config[member.name] = member.value }
    }
    func has(_ name: String) -> Bool { file.entries.contains { $0.name == name } }
    let hasBias = has("blk.0.attn_q.bias") || has("blk.0.attn_qkv.bias")
    // Qwen2 has biases whatever is said.
    if !name.hasPrefix("qwen2") { config["attention_bias"] = .bool(hasBias) }
    for member in mixture?.configuration(hasBias: hasBias) ?? JSONObject() {
      config[member.name] = member.value
    }
    if has("blk.0.ffn_up.bias") { config["mlp_bias"] = true }
    config["tie_word_embeddings"] = .bool(isTied)
    return config
  }

  private static let classes = [
    "llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM",
    "mixtral": "MixtralForCausalLM", "qwen2_moe": "Qwen2MoeForCausalLM",
    "qwen3_moe": "Qwen3MoeForCausalLM", "olmoe": "OlmoeForCausalLM", "phi3": "Phi3ForCausalLM",
    "gemma": "GemmaForCausalLM", "gemma2": "Gemma2ForCausalLM", "gemma3_text": "Gemma3ForCausalLM",
  ]

  /// How the rotation is stretched: by one factor, or by the divisors that the file lists.
  private func scaling(
    _ file: GGUFFile, _ context: JSONValue
  ) throws(CheckpointError) -> JSONValue {
    if let list = try file.divisors(RotaryStatement.tensor) {
      // LongRoPE with equal divisors for short and long texts is just that.
      return [
        "rope_type": "longrope", "short_factor": list, "long_factor": list, "attention_factor": 1.0,
        "original_max_position_embeddings": context,
      ]
    }
    switch file["\(name).rope.scaling.type"]?.text ?? "none" {
    case "none": return .null
    case "linear":
      let factor = file["\(name).rope.scaling.factor"]?.number ?? 1
      return ["rope_type": "linear", "factor": .number(JSONNumber(factor))]
    case let other:
      throw .gguf(
        path: file.file.path,
        reason: "\(name).rope.scaling.type is \(other); none and linear are read")
    }
  }
}

extension GGUFFile {
  /// A size in the metadata.
  func size(_ key: String) throws(CheckpointError) -> Int {
    if let value = try optionalSize(key) { return value }
    throw .gguf(path: file.path, reason: "\(key) is missing")
  }

  /// A size in the metadata; nil where it is missing.
  fileprivate func optionalSize(
    _ key: String, atMost limit: Int = Int(Int32.max)
  ) throws(CheckpointError) -> Int? {
    guard let found = self[key] else { return nil }
    guard let value = found.int, value > 0, value <= limit else {
      throw .gguf(path: file.path, reason: "\(key) is no positive size of at most \(limit)")
    }
    return value
  }
}
