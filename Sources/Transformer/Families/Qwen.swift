internal import JSON

extension Family {
  /// Qwen2 and 2.5: q, k and v have biases; some blocks may have a sliding window.
  static let qwen2 = Family("qwen2") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["num_key_value_heads"])
    traits.queryKeyValueBias = true
    try traits.readQwenWindows(config)
    return try .decoder(config, traits)
  }

  /// Qwen3: no biases by default, and each head of q and k is normalized.
  static let qwen3 = Family("qwen3") { config throws(JSONError) in
    var traits = try qwen3Traits(config, requiring: ["num_key_value_heads", "head_dim"])
    try traits.readQwenWindows(config)
    return try .decoder(config, traits)
  }

  /// Qwen3-MoE: a Qwen3 whose MLPs are mixtures of experts, except in blocks configured otherwise.
  static let qwen3MoE = Family("qwen3_moe") { config throws(JSONError) in
    var traits = try qwen3Traits(config, requiring: ["num_key_value_heads"])
    // All blocks have the window, whatever max_window_layers says.
    if try traits.usesQwenWindows(config) { try traits.readCommonWindow(config, default: 4096) }
    return try .decoder(config, traits, try MixtureTraits(qwen: config))
  }

  /// Qwen2-MoE and Qwen1.5-MoE: biases as in Qwen2, and a shared expert with a weight for each token.
  static let qwen2MoE = Family("qwen2_moe") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["num_key_value_heads"])
    traits.queryKeyValueBias = try config.flag("qkv_bias", default: true)
    // Here the blocks behind max_window_layers see everything.
    if try traits.usesQwenWindows(config) {
      let end = try config.natural("max_window_layers", default: 28)
      try traits.readWindows(config, default: 4096) { $0 % 2 == 0 && $0 < end }
    }
    var mixture = try MixtureTraits(qwen: config)
    mixture.names.shared = "shared_expert"
    mixture.names.sharedGate = "shared_expert_gate"
    mixture.shared = try config.positive("shared_expert_intermediate_size")
    return try .decoder(config, traits, mixture)
  }

  private static func qwen3Traits(
    _ config: ModelConfiguration, requiring: [String]
  ) throws(JSONError) -> DecoderTraits {
    var traits = try DecoderTraits(config, requiring: requiring)
    try traits.readAttentionBias(config)
    traits.queryKeyNorm = .heads(afterRotation: false)
    return traits
  }
}

extension DecoderTraits {
  /// Whether `use_sliding_window` is set; without it, files have the other members all the same.
  fileprivate func usesQwenWindows(_ config: ModelConfiguration) throws(JSONError) -> Bool {
    config.ignore("sliding_window", "max_window_layers")
    return try usesWindows(config)
  }

  /// The window of each block: `layer_types` says so; older files give the first block that has one.
  fileprivate mutating func readQwenWindows(_ config: ModelConfiguration) throws(JSONError) {
    guard try usesQwenWindows(config) else { return }
    let first = try config.natural("max_window_layers", default: 28)
    try readWindows(config, default: 4096) { $0 >= first }
  }
}

extension MixtureTraits {
  fileprivate init(qwen config: ModelConfiguration) throws(JSONError) {
    let name = try config.optionalMember("num_experts") == nil ? "num_local_experts" : "num_experts"
    try self.init(
      config, count: name, inner: "moe_intermediate_size",
      normalizes: try config.member("norm_topk_prob").bool)
    let step = try config.positive("decoder_sparse_step", default: 1)
    let dense = Set(try config.optionalMember("mlp_only_layers")?.ints ?? [])
    layers = { !dense.contains($0) && ($0 + 1) % step == 0 }
  }
}
