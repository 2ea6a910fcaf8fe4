internal import JSON

// Relatives of Llama with LayerNorms and biases.

extension Family {
  /// StableLM: a quarter of each head turns; optionally in parallel behind one norm.
  static let stableLM = Family("stablelm") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads"], epsilon: "layer_norm_eps", defaultEpsilon: 1e-5)
    traits.useLayerNorm()
    traits.queryKeyValueBias = try config.flag("use_qkv_bias")
    traits.isParallel = try config.flag("use_parallel_residual")
    if traits.isParallel { traits.names.mlpNorm = traits.names.attentionNorm }
    traits.rotaryDefaults = .init(share: 0.25, shareKey: "partial_rotary_factor")
    // Of an earlier program, which had it at 1 for all its models.
    config.ignore("rotary_scaling_factor")
    if try config.flag("qk_layernorm") {
      throw .wrongKind(path: "qk_layernorm", expected: "false", found: "true")
    }
    return try .decoder(config, traits)
  }

  /// StarCoder2: an MLP without a gate under GPT-2's names.
  static let starCoder2 = Family("starcoder2") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads", "hidden_act"], epsilon: "norm_epsilon",
      defaultEpsilon: 1e-5, tiesByDefault: true)
    traits.useLayerNorm()
    let hasBias = try config.flag("use_bias", default: true)
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (hasBias, hasBias, hasBias)
    traits.names.parts = MLPNames(gate: nil, up: "c_fc", down: "c_proj")
    traits.isGated = false
    config.ignore("norm_type")
    try traits.readCommonWindow(config)
    return try .decoder(config, traits)
  }

  /// Nemotron and Minitron: LayerNorms with the gain 1 + w, a squared ReLU, half of each head turns.
  static let nemotron = Family("nemotron") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["hidden_act"], epsilon: "norm_eps", defaultEpsilon: 1e-5)
    traits.useLayerNorm()
    traits.normGain = .fromOne
    try traits.readAttentionBias(config)
    traits.mlpBias = try config.flag("mlp_bias")
    traits.isGated = false
    traits.rotaryDefaults = .init(share: 0.5, shareKey: "partial_rotary_factor")
    return try .decoder(config, traits)
  }
}
