internal import Glibc
internal import JSON

// Norms of Gemma have the gain 1 + w, embeddings are scaled by √hidden, and the gate uses GELU in its tanh
// form, whatever older files call it.

extension Family {
  /// Gemma 1.
  static let gemma = Family("gemma") { config throws(JSONError) in
    try .decoder(config, try DecoderTraits(gemma: config))
  }

  /// Gemma 2: norms on both sides of each sublayer, soft caps, and a window in every other block.
  static let gemma2 = Family("gemma2") { config throws(JSONError) in
    try .decoder(config, try DecoderTraits(gemma2: config))
  }

  /// VaultGemma: Gemma 2 without the norms behind sublayers.
  static let vaultGemma = Family("vaultgemma") { config throws(JSONError) in
    var traits = try DecoderTraits(gemma2: config)
    traits.names.attentionPostNorm = nil
    traits.names.mlpPostNorm = nil
    return try .decoder(config, traits)
  }

  /// Gemma 3, text only.
  ///
  /// Queries and keys are normalized instead of capped. There are two rotary bases, one for blocks with
  /// full attention and one for those with a sliding window.
  static let gemma3 = Family("gemma3_text") { config throws(JSONError) in
    // Composite files leave out what is as in the 4B model.
    var traits = try DecoderTraits(
      gemma: config, requiring: ["sliding_window"],
      defaults: DecoderSizes.Defaults(
        vocabulary: 262_208, heads: 8, keyValueHeads: 4, headDimension: 256, context: 131_072))
    // Caps of scores are never applied; only Gemma 2 has them.
    config.ignore("attn_logit_softcapping")
    traits.logits.cap = try config.cap("final_logit_softcapping", default: nil)
    traits.names.useFourNorms()
    traits.queryKeyNorm = .heads(afterRotation: false)
    try traits.readQueryScale(config)
    let every = try config.positive("sliding_window_pattern", default: 6)
    try traits.readWindows(config) { ($0 + 1) % every != 0 }
    let full = try traits.gemma3Rotary(config, "full_attention", "rope_theta", 1e6)
    let local = try traits.gemma3Rotary(config, "sliding_attention", "rope_local_base_freq", 1e4)
    traits.rotary = traits.windows?.map { $0 == nil ? full : local }
    return try .decoder(config, traits)
  }
}

extension DecoderTraits {
  /// What all Gemmas share.
  fileprivate init(
    gemma config: ModelConfiguration, requiring: [String] = [],
    defaults: DecoderSizes.Defaults? = nil
  ) throws(JSONError) {
    try self.init(
      config, requiring: (defaults == nil ? ["num_key_value_heads", "head_dim"] : []) + requiring,
      activation: "hidden_activation", defaultActivation: .geluTanh, tiesByDefault: true,
      defaults: defaults)
    normGain = .fromOne
    embeddingScale = Float(sizes.hidden).squareRoot()
    try readAttentionBias(config)
  }

  fileprivate init(gemma2 config: ModelConfiguration) throws(JSONError) {
    try self.init(gemma: config, requiring: ["sliding_window"])
    names.useFourNorms()
    try readQueryScale(config)
    scores.cap = try config.cap("attn_logit_softcapping", default: 50)
    logits.cap = try config.cap("final_logit_softcapping", default: 30)
    try readWindows(config) { $0 % 2 == 0 }
  }

  /// `query_pre_attn_scalar`: scores are divided by its root.
  fileprivate mutating func readQueryScale(_ config: ModelConfiguration) throws(JSONError) {
    let scalar = try config.multiplier("query_pre_attn_scalar", default: 256)
    scores.scale = Float(1 / scalar.squareRoot())
  }

  /// The angles of one kind of block.
  ///
  /// Newer files have an object for each kind; in older ones, only blocks with full attention have
  /// a scaling.
  fileprivate func gemma3Rotary(
    _ config: ModelConfiguration, _ kind: String, _ key: String, _ theta: Double
  ) throws(JSONError) -> RotaryConfiguration {
    let width = sizes.heads.dimension
    if let parameters = try config.optionalMember("rope_parameters") {
      try config.refuseScalingBesideKinds()
      let own = try parameters.member(kind)
      return try RotaryConfiguration(
        scaling: own, config, theta: try own.member("rope_theta").double, width: width)
    }
    let scaling = try config.optionalMember("rope_scaling")
    return try RotaryConfiguration(
      scaling: kind == "full_attention" ? scaling : nil, config,
      theta: try config.number(key, default: theta), width: width)
  }
}

extension ModelConfiguration {
  /// The soft cap of a member, nil where it is null.
  func cap(_ name: String, default value: Float?) throws(JSONError) -> Float? {
    guard try field.object[name] != nil else {
      ignore(name)
      return value
    }
    guard let found = try optionalMember(name) else { return nil }
    return Float(try found.positiveDouble)
  }

  /// Refuses `rope_scaling` beside `rope_parameters` for each kind of block: versions of transformers differ in
  /// which of them counts for what.
  func refuseScalingBesideKinds() throws(JSONError) {
    guard let scaling = try optionalMember("rope_scaling") else { return }
    throw .wrongKind(
      path: scaling.path, expected: "nothing beside rope_parameters for each kind of block",
      found: scaling.value.text(.compact))
  }
}
