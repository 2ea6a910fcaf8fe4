extension [Family] {
  /// The families whose names begin alike, for an error.
  func nearest(to modelType: String) -> String {
    func shared(_ name: String) -> Int { zip(name, modelType).prefix { $0 == $1 }.count }
    let best = map { shared($0.modelType) }.max() ?? 0
    guard best >= 3 else { return "" }
    let names = filter { shared($0.modelType) == best }.map(\.modelType)
    return " such as " + names.joined(separator: ", ")
  }
}

extension Family {
  /// Why architectures that people ask for are not supported.
  static let refusals: [String: String] = {
    var result: [String: String] = [:]
    for (reason, names) in [
      ("which has gated delta nets", ["qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"]),
      (
        "which has multi-head latent attention",
        [
          "deepseek_v2", "deepseek_v3", "deepseek_v32", "glm4_moe_lite", "glm_moe_dsa", "minicpm3",
          "kimi_k2",
        ]
      ),
      (
        "which keeps its experts in three-dimensional tensors",
        ["gpt_oss", "llama4_text", "granitemoe", "granitemoeshared", "cohere2_moe"]
      ),
      (
        "which has state-space mixers",
        ["granitemoehybrid", "nemotron_h", "mamba", "jamba", "bamba"]
      ),
      ("which has short convolutions", ["lfm2", "lfm2_moe"]),
      ("which has inputs for every layer", ["gemma3n_text", "gemma4_text", "gemma3n", "gemma4"]),
      ("whose router picks experts one after the other", ["phimoe"]),
    ] { for name in names { result[name] = reason } }
    return result
  }()
}
