internal import JSON

extension Family {
  /// Qwen2 and 2.5: q, k and v have biases; some blocks may have a sliding window.
  static let qwen2 = Family("qwen2") { config throws(JSONError) in
    try .llamaLike(
      config, requiring: ["num_key_value_heads"],
      LlamaTraits(queryKeyValueBias: true, windows: try qwenWindows(config)))
  }

  /// Qwen3: no biases by default, and each head of q and k is normalized.
  static let qwen3 = Family("qwen3") { config throws(JSONError) in
    try .llamaLike(
      config, requiring: ["num_key_value_heads", "head_dim"], try qwen3Traits(config))
  }

  /// Qwen3-MoE: a Qwen3 whose MLPs are mixtures of experts, except in blocks configured otherwise.
  static let qwen3MoE = Family("qwen3_moe") { config throws(JSONError) in
    var traits = try qwen3Traits(config)
    let (hidden, inner) = (
      try config.positive("hidden_size"), try config.positive("moe_intermediate_size")
    )
    let name = try config.optionalMember("num_experts") == nil ? "num_local_experts" : "num_experts"
    let count = try config.positive(name, atMost: 1 << 16)
    let picked = try config.positive("num_experts_per_tok", atMost: count)
    let normalizes = try config.member("norm_topk_prob").bool
    let step = try config.positive("decoder_sparse_step", default: 1)
    let dense = Set(try config.optionalMember("mlp_only_layers")?.ints ?? [])
    traits.mixture = { layer, module in
      guard !dense.contains(layer), (layer + 1) % step == 0 else { return nil }
      return Mixture(
        router: "\(module).gate", expert: { "\(module).experts.\($0)" }, count: count,
        picked: picked, normalizes: normalizes, hidden: hidden, inner: inner)
    }
    return try .llamaLike(config, requiring: ["num_key_value_heads"], traits)
  }

  private static func qwen3Traits(_ config: JSONField) throws(JSONError) -> LlamaTraits {
    let bias = try config.flag("attention_bias")
    return LlamaTraits(
      queryKeyValueBias: bias, outputBias: bias, queryKeyNorm: true,
      windows: try qwenWindows(config))
  }

  /// The window of each block: `layer_types` says so; older files give the first block that has
  /// one.
  private static func qwenWindows(_ config: JSONField) throws(JSONError) -> [Int?]? {
    guard try config.flag("use_sliding_window"),
      try config.optionalMember("sliding_window") != nil
    else { return nil }
    let layers = try config.positive("num_hidden_layers", atMost: 1 << 16)
    let window = try config.positive("sliding_window")
    guard let types = try config.optionalMember("layer_types") else {
      let first = try config.member("max_window_layers").int
      return (0..<layers).map { $0 >= first ? window : nil }
    }
    return try types.slides(layers: layers).map { $0 ? window : nil }
  }
}

extension JSONField {
  /// For each block, whether `layer_types` gives it a sliding window.
  func slides(layers: Int) throws(JSONError) -> [Bool] {
    let kinds = try strings
    guard kinds.count == layers,
      kinds.allSatisfy({ ["full_attention", "sliding_attention"].contains($0) })
    else {
      throw .wrongKind(
        path: "layer_types", expected: "full_attention or sliding_attention for each layer",
        found: "\(kinds.count) entries of \(Set(kinds).sorted())")
    }
    return kinds.map { $0 == "sliding_attention" }
  }
}
