internal import Checkpoint
internal import JSON
internal import LinearAlgebra

// Gemma 1 to 3 in GGUF files: gains are stored as they multiply, 1 + w, and what llama.cpp derives from the number of
// blocks must be what the model has.

/// What Gemma's files say besides sizes.
struct GemmaStatement {
  /// `gemma`, `gemma2` or `gemma3`.
  let name: String

  /// Every how many blocks one attends to everything; nil where all do.
  var period: Int? { name == "gemma3" ? 6 : name == "gemma2" ? 2 : nil }

  /// The metadata that only these architectures have.
  ///
  /// - Throws: `JSONError` for what llama.cpp would compute otherwise.
  func metadata(_ config: JSONField) throws(JSONError) -> [(key: String, value: GGUFValue)] {
    try checkScale(config)
    guard let period else { return [] }
    var result: [(key: String, value: GGUFValue)] = []
    func cap(_ member: String, _ standard: Double?) throws(JSONError) {
      let value: Double? =
        config.value[member] == nil ? standard : try config.optionalMember(member)?.double
      if let value { result.append(("\(name).\(member)", .float32(Float(value)))) }
    }
    if name == "gemma2" { try cap("attn_logit_softcapping", 50) }
    try cap("final_logit_softcapping", name == "gemma2" ? 30 : nil)
    try checkWindows(config, every: period)
    let window = try config.member("sliding_window")
    guard let size = UInt32(exactly: try window.int) else {
      throw .wrongKind(
        path: window.path, expected: "a size of 32 bits", found: window.value.text(.compact))
    }
    result.append(("\(name).attention.sliding_window", .uint32(size)))
    if name == "gemma3" {
      let local = try RotaryStatement.local(config)
      result.append(("\(name).rope.freq_base_swa", .float32(Float(local))))
    }
    return result
  }

  /// llama.cpp divides scores by √d, but in the largest models by √(hidden / heads).
  private func checkScale(_ config: JSONField) throws(JSONError) {
    guard let scalar = try config.optionalMember("query_pre_attn_scalar"), name != "gemma" else {
      return
    }
    let width =
      isLargest(try config.member("num_hidden_layers").int)
      ? try config.member("hidden_size").int / max(1, config.member("num_attention_heads").int)
      : try config.optionalMember("head_dim")?.int ?? 256
    guard try scalar.double == Double(width) else {
      throw .wrongKind(
        path: scalar.path, expected: "\(width), by which llama.cpp scales scores",
        found: scalar.value.text(.compact))
    }
  }

  /// Whether it is the model of 27 billion parameters, by the number of its blocks.
  private func isLargest(_ blocks: Int) -> Bool {
    (name, blocks) == ("gemma2", 46) || (name, blocks) == ("gemma3", 62)
  }

  /// llama.cpp knows the pattern of the released models.
  private func checkWindows(_ config: JSONField, every period: Int) throws(JSONError) {
    let expected = "a window in all blocks but every \(period == 2 ? "second" : "sixth") one"
    if let stated = try config.optionalMember("sliding_window_pattern"), try stated.int != period {
      throw .wrongKind(path: stated.path, expected: expected, found: stated.value.text(.compact))
    }
    guard let types = try config.optionalMember("layer_types") else { return }
    for (i, type) in try types.strings.enumerated() {
      let isFull = (i + 1) % period == 0
      guard type == (isFull ? "full_attention" : "sliding_attention") else {
        throw .wrongKind(
          path: "\(types.path)[\(i)]", expected: expected, found: type)
      }
    }
  }

  /// The members of `config.json` that a file's metadata stand for.
  ///
  /// - Throws: ``CheckpointError`` for sizes that are missing.
  func configuration(
    _ file: GGUFFile, _ sizes: GGUFArchitecture
  ) throws(CheckpointError) -> JSONObject {
    var config = JSONObject()
    let (blocks, hidden) = (sizes.blocks, try file.size("\(name).embedding_length"))
    config["hidden_activation"] = "gelu_pytorch_tanh"
    guard let period else { return config }
    let scalar =
      isLargest(blocks) ? hidden / sizes.heads : try file.size("\(name).attention.key_length")
    config["query_pre_attn_scalar"] = .number(JSONNumber(scalar))
    for member in ["attn_logit_softcapping", "final_logit_softcapping"] {
      config[member] =
        file["\(name).\(member)"]?.number.map { .number(JSONNumber($0)) } ?? .null
    }
    config["sliding_window"] = .number(
      JSONNumber(file["\(name).attention.sliding_window"]?.int ?? 4096))
    config["layer_types"] = .strings(
      (0..<blocks).map { ($0 + 1) % period == 0 ? "full_attention" : "sliding_attention" })
    if name == "gemma3" {
      config["rope_local_base_freq"] = .number(
        JSONNumber(file["\(name).rope.freq_base_swa"]?.number ?? 10_000))
    }
    return config
  }
}

extension RotaryStatement {
  /// θ of Gemma 3's blocks with a window.
  static func local(_ config: JSONField) throws(JSONError) -> Double {
    let parameters = try config.optionalMember("rope_parameters")
    if let own = try parameters?.optionalMember("sliding_attention") {
      return try own.member("rope_theta").double
    }
    return try config.optionalMember("rope_local_base_freq")?.double ?? 10_000
  }
}
