internal import Checkpoint
internal import JSON

// The sizes of a model, once as config.json has them and once as the metadata of a GGUF file.

extension GGUFArchitecture {
  /// Sizes that are integers: the key behind the architecture's name, and the member of `config.json`.
  var integers: [(String, String)] {
    Self.integers + (mixture?.integers ?? [])
      + (name == "phi3" ? [] : [("rope.dimension_count", "head_dim")])
  }

  private static let integers = [
    ("block_count", "num_hidden_layers"), ("context_length", "max_position_embeddings"),
    ("embedding_length", "hidden_size"), ("feed_forward_length", "intermediate_size"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"), ("vocab_size", "vocab_size"),
    ("attention.key_length", "head_dim"), ("attention.value_length", "head_dim"),
  ]

  /// The architecture that `config.json` describes.
  ///
  /// - Throws: `JSONError` for an architecture that is not known in GGUF files, or sizes that are missing.
  init(_ config: JSONField) throws(JSONError) {
    let type = try config.member("model_type")
    let stated = try type.string
    guard let name = Self.names.first(where: { $0.key == stated })?.value else {
      throw .wrongKind(
        path: type.path,
        expected:
          "\(Self.names.map(\.key).joined(separator: ", ")), of which GGUF files are written",
        found: stated)
    }
    self.name = name
    blocks = try config.member("num_hidden_layers").int
    let isGemma3 = name == "gemma3"
    if let stated = try config.optionalMember("num_attention_heads") {
      heads = try stated.int
    } else if isGemma3 {
      heads = 8
    } else {
      heads = try config.member("num_attention_heads").int
    }
    keyValueHeads =
      try config.optionalMember("num_key_value_heads")?.int ?? (isGemma3 ? 4 : heads)
    isTied =
      try config.optionalMember("tie_word_embeddings")?.bool ?? name.hasPrefix("gemma")
    let isMixture = stated == "mixtral" || name.contains("moe")
    experts = isMixture ? try Self.expertCount(config, ExpertStatement(name: name)) : 0
  }

  private static func expertCount(
    _ config: JSONField, _ mixture: ExpertStatement
  ) throws(JSONError) -> Int {
    var found: JSONField?
    for key in mixture.countKeys where found == nil { found = try config.optionalMember(key) }
    guard let found else { throw .missingMember(path: mixture.countKeys[0]) }
    let count = try found.int
    guard (1...mostExperts).contains(count) else {
      throw .wrongKind(
        path: found.path, expected: "a number of experts of at most \(mostExperts)",
        found: found.value.text(.compact))
    }
    return count
  }

  /// More experts than any model has.
  static let mostExperts = 1 << 16

  /// The metadata of the model.
  ///
  /// - Throws: `JSONError` for what is missing, or what files of the architecture cannot say.
  func metadata(_ config: JSONField) throws(JSONError) -> [(key: String, value: GGUFValue)] {
    try refuseWindows(config)
    try mixture?.check(config, self)
    var result: [(key: String, value: GGUFValue)] = []
    for (key, member) in integers {
      guard let value = try size(member, config) else { continue }
      guard let stored = UInt32(exactly: value) else {
        throw .wrongKind(path: member, expected: "a size of 32 bits", found: "\(value)")
      }
      result.append(("\(name).\(key)", .uint32(stored)))
    }
    result.append(
      (
        "\(name).attention.layer_norm_rms_epsilon",
        .float32(Float(try config.optionalMember("rms_norm_eps")?.double ?? standardEpsilon))
      ))
    let rope = try RotaryStatement(config)
    result.append(("\(name).rope.freq_base", .float32(Float(rope.base))))
    result += try gemma?.metadata(config) ?? []
    if name == "phi3" { result += try PhiStatement().metadata(config, rope, heads: heads) }
    if let factor = rope.linearFactor {
      result.append(("\(name).rope.scaling.type", .string("linear")))
      result.append(("\(name).rope.scaling.factor", .float32(Float(factor))))
    }
    return result
  }

  /// ε where `config.json` says nothing.
  private var standardEpsilon: Double {
    ["mixtral", "olmoe", "phi3"].contains(modelType) ? 1e-5 : 1e-6
  }

  private func size(_ member: String, _ config: JSONField) throws(JSONError) -> Int? {
    if let stated = try config.optionalMember(member) { return try stated.int }
    switch member {
    case "num_key_value_heads": return keyValueHeads
    case "num_experts", "num_local_experts": return experts
    case "head_dim" where gemma != nil: return 256
    case "head_dim": return try config.member("hidden_size").int / max(1, heads)
    // Composite files leave out what is as in Gemma 3 4B.
    case "num_attention_heads" where name == "gemma3": return heads
    case "vocab_size" where name == "gemma3": return 262_208
    case "max_position_embeddings": return name == "gemma3" ? 131_072 : 2048
    default: return try config.member(member).int
    }
  }

  /// Refuses windows of attention, which files of these architectures do not describe.
  private func refuseWindows(_ config: JSONField) throws(JSONError) {
    let isUsed =
      try config.optionalMember("use_sliding_window")?.bool ?? ["llama", "phi3"].contains(name)
    guard isUsed, gemma == nil, let window = try config.optionalMember("sliding_window") else {
      return
    }
    let context = try config.optionalMember("max_position_embeddings")?.int ?? 0
    guard try window.int < context else { return }
    throw .wrongKind(
      path: window.path, expected: "no window, since llama.cpp would attend to everything",
      found: window.value.text(.compact))
  }
}
