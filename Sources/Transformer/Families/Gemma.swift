internal import JSON

extension Family {
  /// Gemma 3, text only.
  ///
  /// Norms have the gain 1 + w and stand on both sides of each sublayer; queries and keys are
  /// normalized; the gate uses GELU; embeddings are scaled. There are two rotary bases, one for
  /// blocks with full attention and one for those with a sliding window.
  static let gemma3 = Family("gemma3_text") { config throws(JSONError) in
    let sizes = try DecoderSizes(
      config, requiring: ["num_key_value_heads", "head_dim", "sliding_window"], tiesByDefault: true)
    for name in ["final_logit_softcapping", "use_bidirectional_attention"] {
      guard let field = try config.optionalMember(name), field.value != false else { continue }
      throw .wrongKind(path: name, expected: "nothing", found: field.value.text(.compact))
    }
    let activation =
      try config.optionalMember("hidden_activation").map { field throws(JSONError) in
        try Activation(named: field)
      } ?? .geluTanh
    let scale = try config.optionalMember("query_pre_attn_scalar")?.double ?? 256
    let window = try config.positive("sliding_window")
    let slides = try gemma3Slides(config, sizes.layers)
    let full = try gemma3Rotary(config, "full_attention", "rope_theta", 1e6, sizes)
    let local = try gemma3Rotary(config, "sliding_attention", "rope_local_base_freq", 1e4, sizes)
    func norm(_ name: String, _ width: Int? = nil) -> NormDeclaration {
      NormDeclaration(
        name, width: width ?? sizes.hidden, kind: .rootMeanSquareFromOne, epsilon: sizes.normEpsilon
      )
    }
    return try ModelDeclaration(
      sizes, embeddingScale: Float(sizes.hidden).squareRoot(), finalNorm: norm("model.norm")
    ) { layer throws(JSONError) in
      let block = "model.layers.\(layer)"
      let attention = "\(block).self_attn"
      let projections = Projections.separate(
        query: "\(attention).q_proj", key: "\(attention).k_proj", value: "\(attention).v_proj",
        hidden: sizes.hidden, heads: sizes.heads, hasBias: try config.flag("attention_bias"))
      let head = sizes.heads.dimension
      return ResidualBlock([
        Sublayer(
          norm: norm("\(block).input_layernorm"),
          Attention(
            projections, output: "\(attention).o_proj", hidden: sizes.hidden, heads: sizes.heads,
            hasOutputBias: try config.flag("attention_bias"), rotary: slides[layer] ? local : full,
            queryNorm: norm("\(attention).q_norm", head),
            keyNorm: norm("\(attention).k_norm", head), scale: Float(1 / scale.squareRoot()),
            window: slides[layer] ? window : nil),
          postNorm: norm("\(block).post_attention_layernorm")),
        Sublayer(
          norm: norm("\(block).pre_feedforward_layernorm"),
          GatedMLP(
            "\(block).mlp", hidden: sizes.hidden, inner: sizes.intermediate, activation: activation),
          postNorm: norm("\(block).post_feedforward_layernorm")),
      ])
    }
  }

  /// Which blocks have a sliding window: `layer_types` says so; in older files, all but every n-th.
  private static func gemma3Slides(
    _ config: JSONField, _ layers: Int
  ) throws(JSONError) -> [Bool] {
    if let types = try config.optionalMember("layer_types") {
      return try types.slides(layers: layers)
    }
    let period = try config.positive(
      "sliding_window_pattern", default: try config.positive("_sliding_window_pattern", default: 6))
    return (0..<layers).map { ($0 + 1) % period != 0 }
  }

  /// The angles of one kind of block.
  ///
  /// Newer files have an object for each kind; in older ones, only blocks with full attention have
  /// a scaling.
  private static func gemma3Rotary(
    _ config: JSONField, _ kind: String, _ key: String, _ theta: Double, _ sizes: DecoderSizes
  ) throws(JSONError) -> RotaryConfiguration {
    let width = sizes.heads.dimension
    if let parameters = try config.optionalMember("rope_parameters")?.optionalMember(kind) {
      return try RotaryConfiguration(
        scaling: parameters, config, theta: try parameters.member("rope_theta").double,
        width: width)
    }
    let scaling = kind == "full_attention" ? try config.optionalMember("rope_scaling") : nil
    return try RotaryConfiguration(
      scaling: scaling, config, theta: try config.optionalMember(key)?.double ?? theta,
      width: width)
  }
}
