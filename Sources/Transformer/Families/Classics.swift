internal import JSON

// The decoders before Llama: LayerNorms, MLPs without a gate, and positions that are learned or a slope.

extension Family {
  /// GPT-2: learned positions, and Linears that are stored as `[in, out]`.
  static let gpt2 = Family("gpt2") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, activation: "activation_function")
    traits.names.useGPT2Names()
    traits.isTransposed = true
    traits.projections = .concatenated
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (true, true, true)
    traits.positions = .learned("wpe", skipping: 0)
    for (name, value) in [
      ("scale_attn_weights", true), ("scale_attn_by_inverse_layer_idx", false),
      ("add_cross_attention", false),
    ] { try config.require(name, value) }
    return try .decoder(config, traits)
  }

  /// OPT: learned positions, of which the first two stand for nothing.
  static let opt = Family("opt") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, activation: "activation_function")
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
    var traits = try DecoderTraits(classic: config, activation: "activation_function")
    traits.names.useTransformerRoot(embedding: "word_embeddings")
    traits.names.embeddingNorm = "word_embeddings_layernorm"
    traits.names.useFusedAttention("self_attention")
    traits.projections = .interleaved
    traits.activation = .geluTanh
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (true, true, true)
    traits.positions = .slopes(Slopes(heads: traits.sizes.heads.count))
    try config.require("apply_residual_connection_post_layernorm", false)
    return try .decoder(config, traits)
  }

  /// Falcon 7B, 40B, 11B and RW: q, k and v by groups; rotary positions or slopes.
  static let falcon = Family("falcon") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, activation: "activation")
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
    var traits = try DecoderTraits(classic: config, activation: "activation_function")
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
      Float(try field.double)
    }
    traits.scores.scale = try options?.optionalMember("softmax_scale").map {
      field throws(JSONError) in
      Float(try field.double)
    }
    config.ignore("norm_type")
    return try .decoder(config, traits)
  }

  /// GPT-J: attention and the MLP in parallel behind one norm; neighbouring channels turn together.
  static let gptJ = Family("gptj") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, activation: "activation_function", ties: false)
    traits.names.useTransformerRoot(embedding: "wte")
    traits.names.attention = "attn"
    traits.names.output = "out_proj"
    traits.names.attentionNorm = "ln_1"
    traits.names.mlpNorm = "ln_1"
    traits.names.parts = MLPNames(gate: nil, up: "fc_in", down: "fc_out")
    traits.mlpBias = true
    traits.hasHeadBias = true
    traits.isParallel = true
    let width = Double(try config.positive("rotary_dim", default: traits.sizes.heads.dimension))
    traits.rotaryDefaults = .init(
      share: width / Double(traits.sizes.heads.dimension), pairs: .neighbours)
    return try .decoder(config, traits)
  }

  /// GPT-Neo: learned positions, scores that are not scaled, and a window in every other block.
  static let gptNeo = Family("gpt_neo") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, activation: "activation_function")
    traits.names.useTransformerRoot(embedding: "wte")
    traits.names.attention = "attn.attention"
    traits.names.output = "out_proj"
    traits.names.useNumberedNorms()
    traits.names.parts = MLPNames(gate: nil, up: "c_fc", down: "c_proj")
    (traits.outputBias, traits.mlpBias) = (true, true)
    traits.positions = .learned("wpe", skipping: 0)
    traits.scores.scale = 1
    let window = try config.positive("window_size", default: 256)
    let layers = traits.sizes.layers
    let kinds = try gptNeoLayers(config, count: layers)
    guard kinds.count == layers, kinds.allSatisfy({ ["global", "local"].contains($0) }) else {
      throw .wrongKind(
        path: "attention_layers", expected: "global or local for each of \(layers) layers",
        found: "\(kinds.count) entries of \(Set(kinds).sorted())")
    }
    traits.windows = kinds.map { $0 == "local" ? window : nil }
    return try .decoder(config, traits)
  }

  /// `attention_layers`, or `attention_types`, whose entries are patterns with a number of repetitions.
  private static func gptNeoLayers(
    _ config: ModelConfiguration, count: Int
  ) throws(JSONError) -> [String] {
    if let layers = try config.optionalMember("attention_layers") { return try layers.strings }
    var result: [String] = []
    for entry in try config.member("attention_types").array {
      let parts = try entry.array
      guard parts.count == 2 else {
        throw .wrongKind(
          path: entry.path, expected: "a pattern and a number", found: "\(parts.count) values")
      }
      let pattern = try parts[0].strings
      let repetitions = try parts[1].positive(atMost: count)
      for _ in 0..<repetitions { result += pattern }
    }
    return result
  }

  /// StarCoder and SantaCoder: GPT-2's names with Linears, and usually one key-value head.
  static let gptBigCode = Family("gpt_bigcode") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, activation: "activation_function")
    traits.names.useGPT2Names()
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (true, true, true)
    traits.positions = .learned("wpe", skipping: 0)
    let heads = traits.sizes.heads
    let isShared = try config.flag("multi_query", default: true)
    traits.sizes.heads = HeadShape(
      count: heads.count, keyValueCount: isShared ? 1 : heads.count, dimension: heads.dimension)
    traits.projections = .interleaved
    try config.require("scale_attn_weights", true)
    config.ignore("scale_attention_softmax_in_fp32")
    return try .decoder(config, traits)
  }
}

extension DecoderTraits {
  /// What the classics share.
  fileprivate init(
    classic config: ModelConfiguration, activation: String, ties: Bool = true
  ) throws(JSONError) {
    try self.init(
      config, epsilon: "layer_norm_epsilon", defaultEpsilon: 1e-5, activation: activation,
      tiesByDefault: ties, innerFactor: 4)
    if try config.optionalMember(activation) == nil { self.activation = .gelu }
    useLayerNorm()
    isGated = false
  }
}

extension TensorNames {
  fileprivate mutating func useTransformerRoot(
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

  fileprivate mutating func useGPT2Names() {
    useTransformerRoot(embedding: "wte")
    attention = "attn"
    fused = "c_attn"
    output = "c_proj"
    useNumberedNorms()
    parts = MLPNames(gate: nil, up: "c_fc", down: "c_proj")
  }

  fileprivate mutating func useNumberedNorms() {
    (attentionNorm, mlpNorm) = ("ln_1", "ln_2")
  }
}

extension ModelConfiguration {
  /// Refuses every value of a member but one, which is also its default.
  fileprivate func require(_ name: String, _ value: Bool) throws(JSONError) {
    guard try flag(name, default: value) == value else {
      throw .wrongKind(path: name, expected: "\(value)", found: "\(!value)")
    }
  }
}
