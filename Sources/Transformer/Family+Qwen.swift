internal import JSON

extension Family {
  /// Qwen2 and 2.5: q, k and v have biases; some layers may have a sliding window.
  static let qwen2 = Family(modelType: "qwen2", requiredMembers: ["num_key_value_heads"]) {
    config, layers throws(JSONError) in
    FamilyTraits(queryKeyValueBias: true, windows: try qwenWindows(config, layers))
  }

  /// Qwen3: no biases unless asked for, and each head of q and k is normalized.
  static let qwen3 = Family(
    modelType: "qwen3", requiredMembers: ["num_key_value_heads", "head_dim"]
  ) { config, layers throws(JSONError) in
    let bias = try config.flag("attention_bias")
    return FamilyTraits(
      queryKeyValueBias: bias, outputBias: bias, queryKeyNorm: true,
      windows: try qwenWindows(config, layers))
  }

  /// The windows by layer: `layer_types` says it; older files name the first layer that has one.
  private static func qwenWindows(
    _ config: JSONField, _ layers: Int
  ) throws(JSONError) -> [Int?] {
    guard try config.flag("use_sliding_window"),
      try config.optionalMember("sliding_window") != nil
    else { return [Int?](repeating: nil, count: layers) }
    let window = try config.positive("sliding_window")
    guard let types = try config.optionalMember("layer_types") else {
      let first = try config.member("max_window_layers").int
      return (0..<layers).map { $0 >= first ? window : nil }
    }
    let kinds = try types.strings
    guard kinds.count == layers,
      kinds.allSatisfy({ ["full_attention", "sliding_attention"].contains($0) })
    else {
      throw .wrongKind(
        path: "layer_types", expected: "full_attention or sliding_attention for each layer",
        found: "\(kinds.count) entries of \(Set(kinds).sorted())")
    }
    return kinds.map { $0 == "sliding_attention" ? window : nil }
  }
}
