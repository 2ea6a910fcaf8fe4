internal import JSON

extension Family {
  /// Llama 2 and 3, SmolLM, and all models that share their code.
  ///
  /// Biases are rare but configurable.
  static let llama = Family("llama") { config throws(JSONError) in
    var traits = try DecoderTraits(config)
    try traits.readAttentionBias(config)
    traits.mlpBias = try config.flag("mlp_bias")
    traits.migrationStrength = 0.85
    return try .decoder(config, traits)
  }

  /// SmolLM3: a Llama in which every fourth block has no rotation.
  static let smolLM3 = Family("smollm3") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["num_key_value_heads"], tiesByDefault: true)
    try traits.readAttentionBias(config)
    traits.mlpBias = try config.flag("mlp_bias")
    traits.rotaryDefaults.theta = 2_000_000
    let rotary = try traits.rotary(config)
    let period = try config.positive("no_rope_layer_interval", default: 4)
    let layers = traits.sizes.layers
    // 1 stands for a block with a rotation, whatever the name says.
    let turns = try config.optionalMember("no_rope_layers")?.ints ?? []
    traits.rotary = (0..<layers).map { layer in
      let hasRotation = turns.count == layers ? turns[layer] != 0 : (layer + 1) % period != 0
      return hasRotation ? rotary : nil
    }
    if try traits.usesWindows(config) {
      let rotations = traits.rotary ?? []
      try traits.readWindows(config) { rotations[$0] == nil }
    }
    return try .decoder(config, traits)
  }

  /// Seed-OSS: biases on q, k and v.
  static let seedOSS = Family("seed_oss") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["num_key_value_heads", "head_dim"])
    traits.queryKeyValueBias = try config.flag("attention_bias", default: true)
    traits.outputBias = try config.flag("attention_out_bias")
    traits.mlpBias = try config.flag("mlp_bias")
    return try .decoder(config, traits)
  }

  /// Arcee's AFM: an MLP without a gate, with a squared ReLU.
  static let arcee = Family("arcee") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["hidden_act"], defaultEpsilon: 1e-5)
    try traits.readAttentionBias(config)
    traits.mlpBias = try config.flag("mlp_bias")
    traits.isGated = false
    return try .decoder(config, traits)
  }

  /// Apertus: an MLP without a gate, whose activation function has learned parameters.
  static let apertus = Family("apertus") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["hidden_act"], defaultEpsilon: 1e-5)
    try traits.readAttentionBias(config)
    traits.queryKeyNorm = .heads(afterRotation: false)
    try config.require("qk_norm", true)
    traits.rotaryDefaults.theta = 12_000_000
    traits.rotaryDefaults.parameters = [
      "rope_type": "llama3", "rope_theta": 12_000_000.0, "factor": 8.0,
      "original_max_position_embeddings": 8192, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    ]
    traits.names.attentionNorm = "attention_layernorm"
    traits.names.mlpNorm = "feedforward_layernorm"
    traits.isGated = false
    return try .decoder(config, traits)
  }

  /// Helium: neighbouring channels turn together.
  static let helium = Family("helium") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["head_dim"], defaultEpsilon: 1e-8)
    traits.queryKeyValueBias = try config.flag("attention_bias")
    traits.mlpBias = try config.flag("mlp_bias")
    traits.rotaryDefaults = .init(theta: 100_000, pairs: .neighbours)
    return try .decoder(config, traits)
  }

  /// ERNIE 4.5: neighbouring channels turn together, and one switch gives all Linears biases.
  static let ernie45 = Family("ernie4_5") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads"], defaultEpsilon: 1e-5, tiesByDefault: true)
    let hasBias = try config.flag("use_bias")
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (hasBias, hasBias, hasBias)
    traits.rotaryDefaults = .init(theta: 500_000, pairs: .neighbours)
    return try .decoder(config, traits)
  }

  /// Hunyuan, dense: heads of q and k are normalized behind their rotation.
  static let hunyuanDense = Family("hunyuan_v1_dense") { config throws(JSONError) in
    var traits = try DecoderTraits(config, defaultEpsilon: 1e-5)
    try traits.readAttentionBias(config)
    config.ignore("norm_type")
    try config.require("use_rotary_pos_emb", true)
    try traits.readHunyuanNorms(config)
    return try .decoder(config, traits)
  }

  /// Granite 3: a Llama with a multiplier at every end.
  static let granite = Family("granite") { config throws(JSONError) in
    var traits = try DecoderTraits(config)
    try traits.readAttentionBias(config)
    traits.mlpBias = try config.flag("mlp_bias")
    traits.embeddingScale = Float(try config.multiplier("embedding_multiplier", default: 1))
    traits.residualMultiplier = Float(try config.multiplier("residual_multiplier", default: 1))
    traits.scores.scale = Float(try config.multiplier("attention_multiplier", default: 1))
    traits.logits.multiplier = 1 / Float(try config.multiplier("logits_scaling", default: 1))
    return try .decoder(config, traits)
  }
}

extension DecoderTraits {
  /// `use_qk_norm`: whether heads are normalized behind their rotation.
  mutating func readHunyuanNorms(_ config: ModelConfiguration) throws(JSONError) {
    (names.queryNorm, names.keyNorm) = ("query_layernorm", "key_layernorm")
    // Repeats head_dim.
    config.ignore("attention_head_dim")
    if try config.flag("use_qk_norm", default: true) { queryKeyNorm = .heads(afterRotation: true) }
  }

  /// `attention_bias`: whether q, k, v and o have biases.
  mutating func readAttentionBias(_ config: ModelConfiguration) throws(JSONError) {
    queryKeyValueBias = try config.flag("attention_bias")
    outputBias = queryKeyValueBias
  }
}
