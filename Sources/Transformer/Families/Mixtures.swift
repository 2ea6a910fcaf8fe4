internal import JSON

// Families whose MLPs are mixtures of experts, each under a name of its own. Their attention is that of a
// relative.

extension Family {
  /// Mixtral: a Mistral with mixtures.
  static let mixtral = Family("mixtral") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads"], defaultEpsilon: 1e-5)
    traits.rotaryDefaults.theta = 1e6
    traits.names.mlp = "block_sparse_moe"
    try traits.readCommonWindow(config)
    var mixture = try MixtureTraits(
      config, count: "num_local_experts", inner: "intermediate_size", normalizes: true)
    mixture.names.parts = MLPNames(gate: "w1", up: "w3", down: "w2")
    return try .decoder(config, traits, mixture)
  }

  /// OLMoE: one norm for all heads of q, and of k.
  static let olmoe = Family("olmoe") { config throws(JSONError) in
    var traits = try DecoderTraits(config, defaultEpsilon: 1e-5)
    try traits.readAttentionBias(config)
    traits.queryKeyNorm = .whole
    traits.scores.clip = try config.cap("clip_qkv", default: nil)
    let mixture = try MixtureTraits(
      config, count: "num_experts", inner: "intermediate_size",
      normalizes: try config.flag("norm_topk_prob"))
    return try .decoder(config, traits, mixture)
  }

  /// FlexOlmo: OLMo 2 with mixtures.
  static let flexOlmo = Family("flex_olmo") { config throws(JSONError) in
    var traits = try DecoderTraits(config)
    traits.names.usePostNorms()
    traits.queryKeyNorm = .whole
    traits.rotaryDefaults.theta = 500_000
    try traits.readAttentionBias(config)
    let mixture = try MixtureTraits(
      config, count: "num_experts", inner: "intermediate_size",
      normalizes: try config.flag("norm_topk_prob"))
    return try .decoder(config, traits, mixture)
  }

  /// ERNIE 4.5 with mixtures in some of the blocks.
  static let ernie45MoE = Family("ernie4_5_moe") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads"], defaultEpsilon: 1e-5, tiesByDefault: true)
    let hasBias = try config.flag("use_bias")
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (hasBias, hasBias, hasBias)
    traits.hasHeadBias = hasBias
    traits.rotaryDefaults = .init(theta: 500_000, pairs: .neighbours)
    var mixture = try MixtureTraits(
      config, count: "moe_num_experts", picked: "moe_k", inner: "moe_intermediate_size",
      normalizes: true)
    mixture.correction = "moe_statics.e_score_correction_bias"
    mixture.correctionRows = 1
    mixture.hasSharedBias = hasBias
    // The sum of weights is never as small as this.
    config.ignore("moe_norm_min")
    try mixture.share(
      "shared_experts", try config.optionalMember("moe_num_shared_experts"))
    let last = traits.sizes.layers - 1
    let first = try config.natural("moe_layer_start_index", default: 1)
    // -1 is the last.
    var end = last
    if let given = try config.optionalMember("moe_layer_end_index"), given.value != -1 {
      end = try given.natural
    }
    let interval = try config.positive("moe_layer_interval", default: 1)
    mixture.layers = { [end] layer in
      layer >= first && layer <= end && (layer + 1) % interval == 0
    }
    return try .decoder(config, traits, mixture)
  }

  /// Hunyuan with mixtures and a shared expert.
  static let hunyuanMoE = Family("hunyuan_v1_moe") { config throws(JSONError) in
    var traits = try DecoderTraits(config, defaultEpsilon: 1e-5)
    try traits.readAttentionBias(config)
    config.ignore("norm_type")
    try config.require("use_rotary_pos_emb", true)
    try traits.readHunyuanNorms(config)
    var mixture = try MixtureTraits(
      config, count: "num_experts", picked: "moe_topk", inner: "intermediate_size",
      normalizes: true)
    mixture.names.router = "gate.wg"
    mixture.names.shared = "shared_mlp"
    mixture.shared = traits.sizes.intermediate
    return try .decoder(config, traits, mixture)
  }

  /// MiniMax-M2: sigmoid scores with a correction; part of each head turns.
  static let miniMaxM2 = Family("minimax_m2") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["num_key_value_heads", "head_dim"])
    if try config.flag("use_qk_norm", default: true) { traits.queryKeyNorm = .whole }
    // Members of an earlier architecture, which the files still have.
    config.ignore(
      "qk_norm_type", "layernorm_full_attention_beta", "layernorm_linear_attention_beta",
      "layernorm_mlp_beta")
    traits.names.mlp = "block_sparse_moe"
    traits.rotaryDefaults = .init(shareKey: "partial_rotary_factor", theta: 5e6)
    if let width = try config.optionalMember("rotary_dim") {
      traits.rotaryDefaults.share = try width.double / Double(traits.sizes.heads.dimension)
    }
    var mixture = try MixtureTraits(
      config, count: "num_local_experts", inner: "intermediate_size", normalizes: true)
    mixture.names.parts = MLPNames(gate: "w1", up: "w3", down: "w2")
    mixture.score = .sigmoid
    if try config.flag("use_routing_bias", default: true) {
      mixture.correction = "e_score_correction_bias"
    }
    return try .decoder(config, traits, mixture)
  }

  /// AFMoE (Trinity): norms on both sides, an output gate, and a rotation only in blocks with a window.
  static let afmoe = Family("afmoe") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads", "head_dim"], defaultEpsilon: 1e-5)
    try traits.readAttentionBias(config)
    traits.names.attentionPostNorm = "post_attention_layernorm"
    traits.names.mlpNorm = "pre_mlp_layernorm"
    traits.names.mlpPostNorm = "post_mlp_layernorm"
    traits.queryKeyNorm = .heads(afterRotation: false)
    traits.hasOutputGate = true
    if try config.flag("mup_enabled") {
      traits.embeddingScale = Float(traits.sizes.hidden).squareRoot()
    }
    let period = try config.positive("global_attn_every_n_layers", default: 4)
    try traits.readWindows(config, default: 1024) { ($0 + 1) % period != 0 }
    let rotary = try traits.rotary(config)
    traits.rotary = traits.windows?.map { $0 == nil ? nil : rotary }
    var mixture = try MixtureTraits(
      config, count: "num_experts", inner: "moe_intermediate_size",
      normalizes: try config.flag("route_norm", default: true))
    mixture.names.router = "router.gate"
    mixture.score = .sigmoid
    mixture.correction = "expert_bias"
    mixture.multiplier = Float(try config.multiplier("route_scale", default: 1))
    try mixture.share("shared_experts", try config.optionalMember("num_shared_experts"))
    let first = try config.natural("num_dense_layers", default: 1)
    mixture.layers = { $0 >= first }
    return try .decoder(config, traits, mixture)
  }
}
