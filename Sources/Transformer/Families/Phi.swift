internal import JSON

extension Family {
  /// Phi-3, 3.5 and 4: one Linear for q, k and v, and one for gate and up.
  static let phi3 = Family("phi3") { config throws(JSONError) in
    var traits = try DecoderTraits(config, defaultEpsilon: 1e-5)
    try traits.readAttentionBias(config)
    traits.projections = .concatenated
    traits.names.parts = MLPNames(gate: nil, up: "gate_up_proj")
    traits.rotaryDefaults.shareKey = "partial_rotary_factor"
    try traits.readCommonWindow(config)
    return try .decoder(config, traits)
  }

  /// Phi-1, 1.5 and 2: attention and an MLP without a gate in parallel, behind one LayerNorm.
  static let phi = Family("phi") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["hidden_act"], epsilon: "layer_norm_eps", defaultEpsilon: 1e-5)
    traits.useLayerNorm()
    traits.names.output = "dense"
    traits.names.finalNorm = "final_layernorm"
    traits.names.mlpNorm = traits.names.attentionNorm
    traits.names.parts = MLPNames(gate: nil, up: "fc1", down: "fc2")
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (true, true, true)
    traits.hasHeadBias = true
    traits.isParallel = true
    traits.isGated = false
    traits.rotaryDefaults = .init(share: 0.5, shareKey: "partial_rotary_factor")
    if try config.flag("qk_layernorm") {
      traits.queryKeyNorm = .heads(afterRotation: false)
      (traits.names.queryNorm, traits.names.keyNorm) = ("q_layernorm", "k_layernorm")
    }
    return try .decoder(config, traits)
  }
}
