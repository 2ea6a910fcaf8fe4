internal import JSON

extension Family {
  /// Mistral: a Llama with a sliding window in all blocks, or in those that `layer_types` names.
  ///
  /// A missing `sliding_window` means 4096 in this family, so the member must be present, even if
  /// null.
  static let mistral = Family("mistral") { config throws(JSONError) in
    var traits = try DecoderTraits(config, requiring: ["num_key_value_heads", "sliding_window"])
    try traits.readWindows(config) { _ in true }
    return try .decoder(config, traits)
  }

  /// Ministral: a Mistral whose `layer_types` say which blocks have a window.
  static let ministral = Family("ministral") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads", "sliding_window", "layer_types"])
    try traits.readWindows(config) { _ in true }
    return try .decoder(config, traits)
  }

  /// Ministral 3: queries grow with their position.
  static let ministral3 = Family("ministral3") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["num_key_value_heads", "head_dim"], defaultEpsilon: 1e-5)
    let parameters = try config.member("rope_parameters")
    traits.scores.growth = QueryGrowth(
      rate: Float(try parameters.member("llama_4_scaling_beta").double),
      period: try parameters.member("original_max_position_embeddings").double)
    try traits.readCommonWindow(config)
    return try .decoder(config, traits)
  }
}
