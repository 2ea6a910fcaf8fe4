internal import JSON

extension Family {
  /// Mistral: a Llama whose layers may all look back a limited number of positions.
  ///
  /// A missing `sliding_window` means 4096 to this family, so it must be there, if only as null.
  static let mistral = Family(
    modelType: "mistral", requiredMembers: ["num_key_value_heads", "sliding_window"]
  ) { config, layers throws(JSONError) in
    let window =
      try config.optionalMember("sliding_window") == nil ? nil : config.positive("sliding_window")
    return FamilyTraits(windows: [Int?](repeating: window, count: layers))
  }
}
