internal import JSON

extension Family {
  /// GPT-NeoX and Pythia.
  ///
  /// Attention and an MLP without a gate run in parallel, each behind a LayerNorm of its own. One
  /// Linear makes q, k and v, with its rows ordered head by head. Only the first channels of each
  /// head are rotated.
  static let gptNeoX = Family("gpt_neox") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["hidden_act"], epsilon: "layer_norm_eps", defaultEpsilon: 1e-5)
    traits.useLayerNorm()
    traits.names.root = "gpt_neox."
    traits.names.embedding = "embed_in"
    traits.names.finalNorm = "final_layer_norm"
    traits.names.head = "embed_out"
    traits.names.useFusedAttention("attention")
    traits.projections = .interleaved
    traits.queryKeyValueBias = try config.flag("attention_bias", default: true)
    traits.outputBias = traits.queryKeyValueBias
    traits.mlpBias = true
    traits.isGated = false
    traits.isParallel = try config.flag("use_parallel_residual", default: true)
    traits.rotaryDefaults = .init(share: 0.25, shareKey: "rotary_pct")
    traits.rotaryDefaults.thetaKey = "rotary_emb_base"
    return try .decoder(config, traits)
  }
}

extension DecoderTraits {
  /// LayerNorms, usually with biases.
  mutating func useLayerNorm(hasBias: Bool = true) {
    norm = .layer
    normBias = hasBias
  }
}
