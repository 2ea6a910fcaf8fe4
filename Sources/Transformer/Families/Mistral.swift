internal import JSON

extension Family {
  /// Mistral: a Llama whose blocks may all have the same sliding window.
  ///
  /// A missing `sliding_window` means 4096 in this family, so the member must be present, even if
  /// null.
  static let mistral = Family("mistral") { config throws(JSONError) in
    let sizes = try DecoderSizes(config, requiring: ["num_key_value_heads", "sliding_window"])
    let window =
      try config.optionalMember("sliding_window") == nil ? nil : config.positive("sliding_window")
    return try .llamaLike(
      config, LlamaTraits(windows: [Int?](repeating: window, count: sizes.layers)))
  }
}
