public import JSON

// Which blocks see only the last tokens. Every family has its own rule for files that do not say.

extension DecoderTraits {
  /// `sliding_window`, in the blocks that `layer_types` names or, without that, in those of a rule.
  ///
  /// - Parameters:
  ///   - config: the configuration.
  ///   - window: the window of a file without the member; nil for none. A null always means none.
  ///   - slides: whether a block has the window where `layer_types` is absent.
  /// - Throws: ``JSONError`` for an impossible window, for a kind of block that is not supported, or for
  ///   blocks that slide without a window.
  public mutating func readWindows(
    _ config: ModelConfiguration, default window: Int? = nil, slides: (Int) -> Bool
  ) throws(JSONError) {
    let window = try config.window(default: window)
    let types = try config.optionalMember("layer_types")
    let sliding = try types?.slides(layers: sizes.layers) ?? (0..<sizes.layers).map(slides)
    if window == nil, types != nil, sliding.contains(true) {
      throw .wrongKind(
        path: "sliding_window",
        expected: "a number of tokens, since layer_types has sliding_attention",
        found: "nothing")
    }
    windows = sliding.map { $0 ? window : nil }
  }

  /// `sliding_window`, which all blocks of the family have or none.
  ///
  /// - Throws: ``JSONError`` for an impossible window, or for `layer_types` by which only some blocks have it:
  ///   transformers reads them in other families only, vLLM in this one too.
  mutating func readCommonWindow(
    _ config: ModelConfiguration, default window: Int? = nil
  ) throws(JSONError) {
    let window = try config.window(default: window)
    if let types = try config.optionalMember("layer_types"), window != nil,
      try types.slides(layers: sizes.layers).contains(false)
    {
      throw .wrongKind(
        path: types.path,
        expected:
          "sliding_attention for each layer, since all layers of this architecture have the "
          + "sliding_window", found: "full_attention")
    }
    windows = Array(repeating: window, count: sizes.layers)
  }

  /// Whether `use_sliding_window` is set; without it no block has the window.
  ///
  /// - Throws: ``JSONError`` for `layer_types` that ask for windows all the same.
  func usesWindows(_ config: ModelConfiguration) throws(JSONError) -> Bool {
    guard try !config.flag("use_sliding_window") else { return true }
    if let types = try config.optionalMember("layer_types"),
      try types.strings.contains("sliding_attention")
    {
      throw .wrongKind(
        path: types.path,
        expected: "full_attention for each layer, since use_sliding_window is not set",
        found: "sliding_attention")
    }
    return false
  }
}

extension ModelConfiguration {
  /// `sliding_window`: nil where it is null; the default where it is absent.
  func window(default window: Int?) throws(JSONError) -> Int? {
    guard let found = try optionalMember("sliding_window") else {
      return try field.object["sliding_window"] == nil ? window : nil
    }
    return try found.positive()
  }
}

extension JSONField {
  /// For each block, whether `layer_types` gives it a sliding window.
  fileprivate func slides(layers: Int) throws(JSONError) -> [Bool] {
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
