internal import JSON

// Families that choose experts as DeepSeek-V3 does: sigmoid scores, a correction, groups of experts, and a
// shared expert; the first blocks are dense.

extension Family {
  /// GLM-4.5 and 4.6: half of each head turns.
  static let glm4MoE = Family("glm4_moe") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads", "head_dim"], defaultEpsilon: 1e-5)
    traits.queryKeyValueBias = try config.flag("attention_bias")
    traits.rotaryDefaults = .init(share: 0.5, shareKey: "partial_rotary_factor")
    if try config.flag("use_qk_norm") { traits.queryKeyNorm = .heads(afterRotation: false) }
    return try .decoder(config, traits, try MixtureTraits(deepSeek: config, dense: 1))
  }

  /// dots.llm1: Qwen3's attention.
  static let dots1 = Family("dots1") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["num_key_value_heads"])
    try traits.readAttentionBias(config)
    traits.queryKeyNorm = .heads(afterRotation: false)
    let first = try config.natural("max_window_layers", default: 62)
    try traits.readWindows(config, default: 4096) { $0 >= first }
    return try .decoder(config, traits, try MixtureTraits(deepSeek: config))
  }

  /// Solar Open.
  static let solarOpen = Family("solar_open") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads", "head_dim"], defaultEpsilon: 1e-5)
    traits.queryKeyValueBias = try config.flag("attention_bias")
    traits.rotaryDefaults = .init(shareKey: "partial_rotary_factor", theta: 1e6)
    if try config.flag("use_qk_norm") { traits.queryKeyNorm = .heads(afterRotation: false) }
    return try .decoder(config, traits, try MixtureTraits(deepSeek: config))
  }

  /// K-EXAONE: EXAONE 4's attention behind norms in front.
  static let exaoneMoE = Family("exaone_moe") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads", "sliding_window"], defaultEpsilon: 1e-5)
    try traits.readExaoneAttention(config)
    var mixture = try MixtureTraits(deepSeek: config, dense: 1)
    mixture.correction = "e_score_correction_bias"
    return try .decoder(config, traits, mixture)
  }
}

extension MixtureTraits {
  /// The mixture of DeepSeek-V3 and of those that follow it.
  ///
  /// - Parameters:
  ///   - config: the configuration.
  ///   - dense: the number of blocks without a mixture, the first ones, where the configuration is silent.
  /// - Throws: ``JSONError`` for what is missing or impossible.
  init(deepSeek config: ModelConfiguration, dense: Int = 0) throws(JSONError) {
    let name =
      try config.optionalMember("n_routed_experts") == nil ? "num_experts" : "n_routed_experts"
    try self.init(
      config, count: name, inner: "moe_intermediate_size",
      normalizes: try config.flag("norm_topk_prob", default: true))
    score = .sigmoid
    correction = "gate.e_score_correction_bias"
    multiplier = Float(try config.multiplier("routed_scaling_factor", default: 1))
    let groups = try config.positive("n_group", default: 1, atMost: count)
    if groups > 1 {
      guard count % groups == 0 else {
        throw .wrongKind(
          path: "n_group", expected: "a divisor of \(count)", found: "\(groups)")
      }
      let open = try config.positive("topk_group", atMost: groups)
      guard open * (count / groups) >= picked else {
        throw .wrongKind(
          path: "topk_group", expected: "groups with at least \(picked) experts",
          found: "\(open) of \(count / groups)")
      }
      self.groups = Router.Groups(count: groups, picked: open, ranking: 2)
    }
    try share(
      "shared_experts", config.firstMember(["n_shared_experts", "num_shared_experts"]))
    let types = try config.optionalMember("mlp_layer_types")?.strings
    let flags = try config.optionalMember("is_moe_layer")?.array.map { field throws(JSONError) in
      try field.bool
    }
    let given = try config.firstMember(["first_k_dense_replace", "first_last_k_dense_replace"])
    let first = try given?.natural ?? dense
    layers = { layer in
      if let types, layer < types.count { return types[layer] == "sparse" }
      if let flags, layer < flags.count { return flags[layer] }
      return layer >= first
    }
  }
}
