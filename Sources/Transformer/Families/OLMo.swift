internal import JSON

extension Family {
  /// OLMo: LayerNorms without any weights, and q, k and v that may be cut off.
  static let olmo = Family("olmo") { config throws(JSONError) in
    var traits = try DecoderTraits(config, epsilon: "layer_norm_eps", defaultEpsilon: 1e-5)
    traits.norm = .layer
    traits.normGain = .one
    try traits.readAttentionBias(config)
    traits.scores.clip = try config.cap("clip_qkv", default: nil)
    return try .decoder(config, traits)
  }

  /// OLMo 2: norms behind the sublayers only, and one norm for all heads of q, and of k.
  static let olmo2 = Family("olmo2") { config throws(JSONError) in
    try .decoder(config, try DecoderTraits(olmo2: config))
  }

  /// OLMo 3: OLMo 2 with a window in three of four blocks, whose rotation is not stretched.
  static let olmo3 = Family("olmo3") { config throws(JSONError) in
    var traits = try DecoderTraits(olmo2: config, requiring: ["sliding_window"])
    try traits.readWindows(config) { ($0 + 1) % 4 != 0 }
    traits.rotaryDefaults.theta = 500_000
    let full = try traits.rotary(config, kind: "full_attention")
    var sliding = full
    if let own = try config.optionalMember("rope_parameters")?.optionalMember("sliding_attention") {
      try config.refuseScalingBesideKinds()
      sliding = try RotaryConfiguration(
        scaling: own, config, theta: try own.member("rope_theta").double,
        width: traits.sizes.heads.dimension)
    } else {
      let theta = try config.number("rope_theta", default: 500_000)
      sliding = try RotaryConfiguration(
        scaling: nil, config, theta: theta, width: traits.sizes.heads.dimension)
    }
    traits.rotary = traits.windows?.map { $0 == nil ? full : sliding }
    return try .decoder(config, traits)
  }

  /// EXAONE 4: OLMo 2's norms; each head of q and k is normalized; only blocks with a window rotate.
  static let exaone4 = Family("exaone4") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads", "sliding_window"], defaultEpsilon: 1e-5)
    traits.names.usePostNorms()
    try traits.readExaoneAttention(config)
    return try .decoder(config, traits)
  }
}

extension DecoderTraits {
  /// Attention as in EXAONE 4: each head of q and k is normalized; only blocks with a window rotate.
  mutating func readExaoneAttention(_ config: ModelConfiguration) throws(JSONError) {
    queryKeyNorm = .heads(afterRotation: false)
    try readWindows(config, slides: try Self.exaoneSlides(config))
    let rotary = try rotary(config)
    let isLimited = try config.optionalMember("sliding_window") != nil
    self.rotary = windows?.map { $0 == nil && isLimited ? nil : rotary }
  }

  /// `sliding_window_pattern`: a word such as LLLG that repeats, or the distance of blocks without a
  /// window, 0 for none with one.
  private static func exaoneSlides(
    _ config: ModelConfiguration
  ) throws(JSONError) -> (Int) -> Bool {
    guard let pattern = try config.optionalMember("sliding_window_pattern") else {
      return { ($0 + 1) % 4 != 0 }
    }
    if case .string(let word) = pattern.value, !word.isEmpty {
      let letters = Array(word)
      return { letters[$0 % letters.count] == "L" }
    }
    let period = try pattern.int
    return { period > 0 && ($0 + 1) % period != 0 }
  }
}

extension DecoderTraits {
  fileprivate init(olmo2 config: ModelConfiguration, requiring: [String] = []) throws(JSONError) {
    try self.init(config, requiring: requiring, defaultEpsilon: 1e-5)
    names.usePostNorms()
    queryKeyNorm = .whole
    try readAttentionBias(config)
  }
}
