internal import Checkpoint
internal import Glibc
internal import JSON

// The sizes of a model, once as config.json has them and once as the metadata of a GGUF file.

extension GGUFArchitecture {
  /// Sizes that are integers: the key behind the architecture's name, and the member of `config.json`.
  static let integers = [
    ("block_count", "num_hidden_layers"), ("context_length", "max_position_embeddings"),
    ("embedding_length", "hidden_size"), ("feed_forward_length", "intermediate_size"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"), ("vocab_size", "vocab_size"),
    ("attention.key_length", "head_dim"), ("attention.value_length", "head_dim"),
    ("rope.dimension_count", "head_dim"),
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
    heads = try config.member("num_attention_heads").int
    keyValueHeads = try config.optionalMember("num_key_value_heads")?.int ?? heads
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
    for (key, member) in Self.integers + (mixture?.integers ?? []) {
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
    if let factor = rope.linearFactor {
      result.append(("\(name).rope.scaling.type", .string("linear")))
      result.append(("\(name).rope.scaling.factor", .float32(Float(factor))))
    }
    return result
  }

  /// ε where `config.json` says nothing.
  private var standardEpsilon: Double { ["mixtral", "olmoe"].contains(modelType) ? 1e-5 : 1e-6 }

  private func size(_ member: String, _ config: JSONField) throws(JSONError) -> Int? {
    if let stated = try config.optionalMember(member) { return try stated.int }
    switch member {
    case "num_key_value_heads": return keyValueHeads
    case "num_experts", "num_local_experts": return experts
    case "head_dim" where gemma != nil: return 256
    case "head_dim": return try config.member("hidden_size").int / max(1, heads)
    case "max_position_embeddings": return 2048
    default: return try config.member(member).int
    }
  }

  /// Refuses windows of attention, which files of these architectures do not describe.
  private func refuseWindows(_ config: JSONField) throws(JSONError) {
    let isUsed = try config.optionalMember("use_sliding_window")?.bool ?? (name == "llama")
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

/// What `config.json` says about the rotation of positions.
struct RotaryStatement {
  /// θ.
  let base: Double
  /// The factor of a linear stretch; nil for none.
  var linearFactor: Double?
  /// The factors of Llama 3's stretch, and what the context was; nil for none.
  var llama3: (factor: Double, low: Double, high: Double, context: Double)?

  /// Reads it, as older and newer files have it.
  ///
  /// - Throws: `JSONError` for a stretch that is not written.
  init(_ config: JSONField) throws(JSONError) {
    let (new, old) = (
      // Of Gemma 3's two kinds of blocks, those that attend to everything.
      try config.optionalMember("rope_parameters").map { parameters throws(JSONError) in
        try parameters.optionalMember("full_attention") ?? parameters
      }, try config.optionalMember("rope_scaling")
    )
    let (own, flat) = (
      try (new ?? old)?.optionalMember("rope_theta"), try config.optionalMember("rope_theta")
    )
    let type = try config.member("model_type").string
    let isLong = type == "mixtral" || type.hasPrefix("gemma3")
    base = try (own ?? flat)?.double ?? (isLong ? 1_000_000 : 10_000)
    guard let parameters = new ?? old else { return }
    let (name, oldName) = (
      try parameters.optionalMember("rope_type"), try parameters.optionalMember("type")
    )
    let kind = name ?? oldName
    switch try kind?.string ?? "default" {
    case "default": break
    case "linear": linearFactor = try parameters.member("factor").double
    case "llama3":
      llama3 = (
        try parameters.member("factor").double, try parameters.member("low_freq_factor").double,
        try parameters.member("high_freq_factor").double,
        try parameters.member("original_max_position_embeddings").double
      )
    case let other:
      throw .wrongKind(
        path: kind?.path ?? "rope_type",
        expected: "default, linear or llama3, which are written to GGUF files", found: other)
    }
  }
}

extension RotaryStatement {
  /// What each frequency of a head is divided by, as Llama 3 stretches the context; nil for nothing.
  ///
  /// λ = 2π / θ^(−2i/d) is the length of a turn. Turns shorter than the old context by `high` are left alone, those
  /// longer by `low` are slowed down by the factor, and a ramp of the inverses lies in between.
  func factors(width: Int) -> [Float]? {
    guard let (factor, low, high, context) = llama3, width > 0 else { return nil }
    return (0..<width / 2).map { i in
      let turns = context / (2 * .pi * pow(base, 2 * Double(i) / Double(width)))
      let keep = min(1, max(0, (turns - low) / (high - low)))
      return Float(1 / ((1 - keep) / factor + keep))
    }
  }
}
