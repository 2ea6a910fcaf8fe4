internal import JSON

extension Family {
  /// GLM-4 in its first form: half of each head turns, in neighbouring channels; gate and up are one
  /// Linear.
  static let glm = Family("glm") { config throws(JSONError) in
    try .decoder(config, try DecoderTraits(glm: config))
  }

  /// GLM-4-0414: norms behind the sublayers as well.
  static let glm4 = Family("glm4") { config throws(JSONError) in
    var traits = try DecoderTraits(glm: config)
    traits.names.attentionPostNorm = "post_self_attn_layernorm"
    traits.names.mlpPostNorm = "post_mlp_layernorm"
    return try .decoder(config, traits)
  }
}

extension DecoderTraits {
  fileprivate init(glm config: ModelConfiguration) throws(JSONError) {
    try self.init(
      config, requiring: ["num_key_value_heads", "head_dim"], defaultEpsilon: 1.5625e-7)
    queryKeyValueBias = try config.flag("attention_bias", default: true)
    names.parts = MLPNames(gate: nil, up: "gate_up_proj")
    rotaryDefaults = .init(
      share: 0.5, shareKey: "partial_rotary_factor", pairs: .neighbours)
  }
}
