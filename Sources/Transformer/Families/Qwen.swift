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
    try .decoder(config, try qwen3Traits(config, requiring: ["num_key_value_heads", "head_dim"]))
  }

  /// Qwen3-MoE: a Qwen3 whose MLPs are mixtures of experts, except in blocks configured otherwise.
  static let qwen3MoE = Family("qwen3_moe") { config throws(JSONError) in
    let traits = try qwen3Traits(config, requiring: ["num_key_value_heads"])
    return try .decoder(config, traits, try MixtureTraits(qwen: config))
  }

  /// Qwen2-MoE and Qwen1.5-MoE: biases as in Qwen2, and a shared expert with a weight for each token.
  static let qwen2MoE = Family("qwen2_moe") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["num_key_value_heads"])
    traits.queryKeyValueBias = try config.flag("qkv_bias", default: true)
    try traits.readQwenWindows(config)
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
    try traits.readQwenWindows(config)
    return traits
  }
}

extension DecoderTraits {
  /// The window of each block: `layer_types` says so; older files give the first block that has one.
  fileprivate mutating func readQwenWindows(_ config: ModelConfiguration) throws(JSONError) {
    // Without the flag the others are left over.
    config.ignore("sliding_window", "max_window_layers", "layer_types")
    guard try config.flag("use_sliding_window"),
      try config.optionalMember("sliding_window") != nil
    else { return }
    let window = try config.positive("sliding_window")
    let first =
      try config.optionalMember("layer_types") == nil ? config.member("max_window_layers").int : 0
    windows = try config.windows(layers: sizes.layers, window) { $0 >= first }
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
