internal import JSON

// The decoders before Llama: LayerNorms, MLPs without a gate, and positions that are learned or a slope.

extension Family {
  /// OPT: learned positions, of which the first two stand for nothing.
  static let opt = Family("opt") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, .relu)
    traits.names.root = "model.decoder."
    traits.names.finalNorm = "final_layer_norm"
    traits.names.output = "out_proj"
    traits.names.attentionNorm = "self_attn_layer_norm"
    traits.names.mlpNorm = "final_layer_norm"
    traits.names.mlp = ""
    traits.names.parts = MLPNames(gate: nil, up: "fc1", down: "fc2")
    traits.positions = .learned("embed_positions", skipping: 2)
    let hasBias = try config.flag("enable_bias", default: true)
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (hasBias, hasBias, hasBias)
    for (name, value) in [
      ("do_layer_norm_before", true), ("layer_norm_elementwise_affine", true),
      ("_remove_final_layer_norm", false),
    ] { try config.require(name, value) }
    if let width = try config.optionalMember("word_embed_proj_dim"),
      try width.int != traits.sizes.hidden
    {
      throw .wrongKind(
        path: width.path, expected: "the hidden size, since projected embeddings are not supported",
        found: "\(try width.int)")
    }
    return try .decoder(config, traits)
  }

  /// BLOOM: a norm behind the embedding, and slopes for positions.
  static let bloom = Family("bloom") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, .geluTanh, key: nil)
    traits.names.useTransformerRoot(embedding: "word_embeddings")
    traits.names.embeddingNorm = "word_embeddings_layernorm"
    traits.names.useFusedAttention("self_attention")
    traits.projections = .interleaved
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (true, true, true)
    traits.positions = .slopes(Slopes(heads: traits.sizes.heads.count))
    try config.require("apply_residual_connection_post_layernorm", false)
    // How its training was computed, not what.
    config.ignore("bias_dropout_fusion", "skip_bias_add")
    return try .decoder(config, traits)
  }

  /// Falcon 7B, 40B, 11B and RW: q, k and v by groups; rotary positions or slopes.
  static let falcon = Family("falcon") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, .gelu, key: "activation")
    traits.names.useTransformerRoot(embedding: "word_embeddings")
    traits.names.useFusedAttention("self_attention")
    traits.projections = .interleaved
    let isNew = try config.flag("new_decoder_architecture")
    let heads = traits.sizes.heads
    let sharing = try config.flag("multi_query", default: true) ? 1 : heads.count
    let groups = isNew ? try config.positive("num_kv_heads", default: heads.count) : sharing
    guard heads.count % groups == 0 else {
      throw .wrongKind(
        path: "num_kv_heads", expected: "a divisor of \(heads.count)", found: "\(groups)")
    }
    traits.sizes.heads = HeadShape(
      count: heads.count, keyValueCount: groups, dimension: heads.dimension)
    let hasBias = try config.flag("bias")
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (hasBias, hasBias, hasBias)
    let isParallel = try config.flag("parallel_attn", default: true)
    traits.isParallel = isNew || isParallel
    if traits.isParallel {
      let norms = try config.positive("num_ln_in_parallel_attn", default: isNew ? 2 : 1)
      traits.names.attentionNorm = norms == 2 ? "ln_attn" : "input_layernorm"
      traits.names.mlpNorm = norms == 2 ? "ln_mlp" : "input_layernorm"
    }
    if try config.flag("alibi") {
      traits.positions = .slopes(Slopes(falcon: traits.sizes.heads))
      config.ignore("rope_parameters", "rope_theta", "rope_scaling")
    }
    return try .decoder(config, traits)
  }

  /// MPT: slopes for positions, and norms without biases.
  static let mpt = Family("mpt") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, .gelu, key: nil)
    traits.normBias = false
    traits.names.useTransformerRoot(embedding: "wte", layers: "blocks", finalNorm: "norm_f")
    traits.names.attention = "attn"
    traits.names.fused = "Wqkv"
    traits.names.output = "out_proj"
    traits.names.attentionNorm = "norm_1"
    traits.names.mlpNorm = "norm_2"
    traits.names.mlp = "ffn"
    traits.names.parts = MLPNames(gate: nil)
    traits.projections = .concatenated
    traits.positions = .slopes(Slopes(heads: traits.sizes.heads.count))
    try config.require("no_bias", true)
    let options = try config.optionalMember("attn_config")
    for name in ["alibi", "qk_ln"] {
      guard let found = try options?.optionalMember(name) else { continue }
      guard try found.bool == (name == "alibi") else {
        throw .wrongKind(
          path: found.path, expected: "\(name == "alibi")", found: "\(try found.bool)")
      }
    }
    traits.scores.clip = try options?.optionalMember("clip_qkv").map { field throws(JSONError) in
      Float(try field.positiveDouble)
    }
    traits.scores.scale = try options?.optionalMember("softmax_scale").map {
      field throws(JSONError) in
      Float(try field.multiplier)
    }
    config.ignore("norm_type")
    return try .decoder(config, traits)
  }
}

extension DecoderTraits {
  /// What the classics share.
  ///
  /// - Parameters:
  ///   - config: the configuration.
  ///   - activation: the activation function where the configuration is silent.
  ///   - key: the member that gives another one; nil where there is no choice.
  ///   - ties: whether the head is the embedding where the configuration is silent.
  /// - Throws: ``JSONError`` for what is missing or impossible.
  init(
    classic config: ModelConfiguration, _ activation: Activation,
    key: String? = "activation_function", ties: Bool = true
  ) throws(JSONError) {
    try self.init(
      config, epsilon: "layer_norm_epsilon", defaultEpsilon: 1e-5, activation: key,
      defaultActivation: activation, tiesByDefault: ties, innerFactor: 4)
    useLayerNorm()
    isGated = false
  }
}

extension TensorNames {
  /// The names of models whose decoder is called `transformer`.
  mutating func useTransformerRoot(
    embedding: String, layers: String = "h", finalNorm: String = "ln_f"
  ) {
    root = "transformer."
    self.embedding = embedding
    self.layers = layers
    self.finalNorm = finalNorm
  }

  /// One Linear for q, k and v, and an MLP, as GPT-NeoX calls them.
  mutating func useFusedAttention(_ module: String) {
    attention = module
    fused = "query_key_value"
    output = "dense"
    parts = MLPNames(gate: nil, up: "dense_h_to_4h", down: "dense_4h_to_h")
  }
}

extension ModelConfiguration {
  /// Refuses every value of a member but one, which is also its default.
  func require(_ name: String, _ value: Bool) throws(JSONError) {
    guard try flag(name, default: value) == value else {
      throw .wrongKind(path: name, expected: "\(value)", found: "\(!value)")
    }
  }
}
