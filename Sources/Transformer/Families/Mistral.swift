internal import JSON

extension Family {
  /// Mistral: a Llama whose blocks may all look back a limited number of positions.
  ///
  /// A missing `sliding_window` means 4096 to this family, so it must be there, if only as null.
  static let mistral = Family("mistral") { config throws(JSONError) in
    let sizes = try DecoderSizes(config, requiring: ["num_key_value_heads", "sliding_window"])
    let window =
      try config.optionalMember("sliding_window") == nil ? nil : config.positive("sliding_window")
    return try .llamaLike(
      config, LlamaTraits(windows: [Int?](repeating: window, count: sizes.layers)))
  }
}
