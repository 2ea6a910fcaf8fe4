internal import JSON

extension Family {
  /// GPT-NeoX and Pythia.
  ///
  /// Attention and an MLP without a gate run in parallel, each behind a LayerNorm of its own. One
  /// Linear makes q, k and v, with its rows ordered head by head. Only the first channels of each
  /// head are rotated.
  static let gptNeoX = Family("gpt_neox") { config throws(JSONError) in
    let sizes = try DecoderSizes(config, epsilon: "layer_norm_eps", defaultEpsilon: 1e-5)
    let activation = try Activation(named: try config.member("hidden_act"))
    let hasBias = try config.flag("attention_bias", default: true)
    let isParallel = try config.flag("use_parallel_residual", default: true)
    let parameters = try config.optionalMember("rope_parameters")
    var scaling = parameters
    if scaling == nil { scaling = try config.optionalMember("rope_scaling") }
    let share = try JSONField.firstDouble(
      [(parameters, "partial_rotary_factor"), (config, "rotary_pct")], default: 0.25)
    let theta = try JSONField.firstDouble(
      [(parameters, "rope_theta"), (config, "rotary_emb_base")], default: 10_000)
    guard (0...1).contains(share) else {
      throw .wrongKind(path: "rotary_pct", expected: "a share of a head", found: "\(share)")
    }
    let rotary = try RotaryConfiguration(
      scaling: scaling, config, theta: theta, width: Int(Double(sizes.heads.dimension) * share))
    func norm(_ name: String) -> NormDeclaration {
      NormDeclaration(name, width: sizes.hidden, kind: .layer, epsilon: sizes.normEpsilon)
    }
    return try ModelDeclaration(
      sizes, embedding: "gpt_neox.embed_in", finalNorm: norm("gpt_neox.final_layer_norm"),
      head: "embed_out"
    ) { layer throws(JSONError) in
      let block = "gpt_neox.layers.\(layer)"
      let projections = Projections.interleaved(
        "\(block).attention.query_key_value", hidden: sizes.hidden, heads: sizes.heads,
        hasBias: hasBias)
      return ResidualBlock(
        [
          Sublayer(
            norm: norm("\(block).input_layernorm"),
            Attention(
              projections, output: "\(block).attention.dense", hidden: sizes.hidden,
              heads: sizes.heads, hasOutputBias: hasBias, rotary: rotary)),
          Sublayer(
            norm: norm("\(block).post_attention_layernorm"),
            PlainMLP(
              up: "\(block).mlp.dense_h_to_4h", down: "\(block).mlp.dense_4h_to_h",
              hidden: sizes.hidden, inner: sizes.intermediate, activation: activation)),
        ], isParallel: isParallel)
    }
  }
}
