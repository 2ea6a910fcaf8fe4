internal import Checkpoint
internal import Formats

extension [Family] {
  /// Why a folder of an unknown architecture is not read, and what it could be read as.
  func refusal(
    of modelType: String, _ folder: ModelFolder, _ formats: [any CheckpointFormat]
  ) -> CheckpointError {
    let config = "\(folder.path)/config.json"
    if let reason = Family.refusals[modelType] {
      return .unknownArchitecture(path: config, modelType: modelType, detail: ": \(reason)")
    }
    guard let found = Resemblance(of: folder, among: self, formats) else {
      return .unknownArchitecture(path: config, modelType: modelType)
    }
    let names = found.families.map(\.modelType)
    let listed = names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
    guard let difference = found.difference else {
      return .unknownArchitecture(
        path: config, modelType: modelType,
        detail: ", but the folder has all that these call for: \(listed)", resembles: names.first)
    }
    return .unknownArchitecture(
      path: config, modelType: modelType,
      detail: "; it resembles \(listed), but not in everything: \(difference)")
  }
}

extension Family {
  /// Why architectures that people ask for are not supported.
  static let refusals: [String: String] = {
    var result: [String: String] = [:]
    for (reason, names) in [
      ("it has gated delta nets", ["qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"]),
      (
        "it has multi-head latent attention",
        [
          "deepseek_v2", "deepseek_v3", "deepseek_v32", "glm4_moe_lite", "glm_moe_dsa", "minicpm3",
          "kimi_k2",
        ]
      ),
      (
        "it keeps its experts in three-dimensional tensors",
        ["gpt_oss", "llama4_text", "granitemoe", "granitemoeshared", "cohere2_moe"]
      ),
      (
        "it has state-space mixers",
        [
          "granitemoehybrid", "nemotron_h", "mamba", "mamba2", "falcon_mamba", "falcon_h1", "jamba",
          "bamba", "zamba", "zamba2",
        ]
      ),
      ("it has short convolutions", ["lfm2", "lfm2_moe"]),
      ("it has inputs for every layer", ["gemma3n_text", "gemma4_text", "gemma3n", "gemma4"]),
      (
        "it has a recurrence or an attention of its own",
        [
          "rwkv", "recurrent_gemma", "xlstm", "minimax", "kimi_linear", "longcat_flash",
          "deepseek_v4",
          "olmo_hybrid",
        ]
      ),
      (
        "it is computed by code of its own beside the weights; a copy converted to the names of llama "
          + "is read",
        ["baichuan", "internlm", "internlm2", "exaone", "qwen"]
      ),
      ("it is computed by code of its own beside the weights", ["minicpm", "chatglm"]),
      ("its router picks experts one after the other", ["phimoe"]),
    ] { for name in names { result[name] = reason } }
    return result
  }()
}
