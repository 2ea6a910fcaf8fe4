internal import JSON

// Attention and the MLP run in parallel behind one LayerNorm without a bias, and neighbouring channels turn
// together.

extension Family {
  /// Command R and Aya.
  static let cohere = Family("cohere") { config throws(JSONError) in
    var traits = try DecoderTraits(cohere: config)
    traits.rotaryDefaults.theta = 500_000
    if try config.flag("use_qk_norm") { traits.queryKeyNorm = .ownHeads }
    return try .decoder(config, traits)
  }

  /// Command R7B and Command A: only blocks with a window rotate.
  static let cohere2 = Family("cohere2") { config throws(JSONError) in
    var traits = try DecoderTraits(cohere: config)
    let period = try config.positive("sliding_window_pattern", default: 4)
    try traits.readWindows(config, default: 4096) { ($0 + 1) % period != 0 }
    let rotary = try traits.rotary(config)
    traits.rotary = traits.windows?.map { $0 == nil ? nil : rotary }
    return try .decoder(config, traits)
  }
}

extension DecoderTraits {
  fileprivate init(cohere config: ModelConfiguration) throws(JSONError) {
    try self.init(
      config, epsilon: "layer_norm_eps", defaultEpsilon: 1e-5, tiesByDefault: true)
    useLayerNorm(hasBias: false)
    try readAttentionBias(config)
    isParallel = true
    names.mlpNorm = names.attentionNorm
    logits.multiplier = Float(try config.multiplier("logit_scale", default: 0.0625))
    rotaryDefaults.pairs = .neighbours
  }
}
