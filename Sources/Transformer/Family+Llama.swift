internal import JSON

extension Family {
  /// Llama 2 and 3, SmolLM, and all that share their code.
  ///
  /// Biases are rare, but configurable.
  static let llama = Family(modelType: "llama", requiredMembers: []) {
    config, layers throws(JSONError) in
    let attentionBias = try config.flag("attention_bias")
    return FamilyTraits(
      queryKeyValueBias: attentionBias, outputBias: attentionBias,
      mlpBias: try config.flag("mlp_bias"), migrationStrength: 0.85,
      windows: [Int?](repeating: nil, count: layers))
  }
}
