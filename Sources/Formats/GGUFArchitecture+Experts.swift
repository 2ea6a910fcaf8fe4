internal import Checkpoint
internal import JSON

// Mixtures of experts in GGUF files. How experts are chosen and weighed is not said there: llama.cpp knows it by the
// architecture, so a model that differs is refused.

/// What files of mixtures say besides sizes.
struct ExpertStatement {
  /// `llama` (Mixtral), `qwen2moe`, `qwen3moe` or `olmoe`.
  let name: String

  /// The key of a block's mixture, below that of the block.
  var module: String { name == "llama" ? "block_sparse_moe" : "mlp" }

  /// The members of `config.json` that may have the number of experts; the first is the one to write.
  var countKeys: [String] {
    let keys = ["num_experts", "num_local_experts"]
    return name == "llama" ? keys.reversed() : keys
  }

  /// Names of modules in a block, as ``GGUFArchitecture`` has them for others.
  var parts: [(String, String)] {
    let names = name == "llama" ? ("w1", "w3", "w2") : ("gate_proj", "up_proj", "down_proj")
    let all = [(names.0, "gate"), (names.1, "up"), (names.2, "down")]
    var result = [("\(module).gate", "ffn_gate_inp")]
    result += all.map { ("\(module).experts.#.\($0)", "ffn_\($1)_exps") }
    guard name == "qwen2moe" else { return result }
    result.append(("\(module).shared_expert_gate", "ffn_gate_inp_shexp"))
    return result + all.map { ("\(module).shared_expert.\($0)", "ffn_\($1)_shexp") }
  }

  /// Sizes that only mixtures have: the key behind the architecture's name, and the member of `config.json`.
  var integers: [(String, String)] {
    var result = [("expert_count", countKeys[0]), ("expert_used_count", "num_experts_per_tok")]
    if name.hasPrefix("qwen") {
      result.append(("expert_feed_forward_length", "moe_intermediate_size"))
    }
    if name == "qwen2moe" {
      result.append(("expert_shared_feed_forward_length", "shared_expert_intermediate_size"))
    }
    return result
  }

  /// Whether llama.cpp divides the weights of the chosen experts by their sum.
  private var normalizes: Bool { name == "llama" || name == "qwen3moe" }

  /// Checks that llama.cpp computes the model as it is.
  ///
  /// - Throws: `JSONError` for what it would compute otherwise, or not load.
  func check(_ config: JSONField, _ sizes: GGUFArchitecture) throws(JSONError) {
    func require(
      _ member: String, _ value: JSONValue, else standard: JSONValue? = nil, _ reason: String
    ) throws(JSONError) {
      let found = try config.optionalMember(member)?.value ?? standard ?? value
      guard found.text(.compact) != value.text(.compact) else { return }
      throw .wrongKind(
        path: member, expected: "\(value.text(.compact)), since \(reason)",
        found: found.text(.compact))
    }
    if name != "llama" {
      try require(
        "norm_topk_prob", .bool(normalizes), else: false,
        "llama.cpp \(normalizes ? "divides" : "does not divide") the weights of the chosen experts by their sum"
      )
    }
    if name.hasPrefix("qwen") {
      let reason = "llama.cpp has experts in every block"
      try require("decoder_sparse_step", 1, reason)
      try require("mlp_only_layers", [], reason)
    }
    guard name == "qwen2moe" || name == "olmoe" else { return }
    try require("tie_word_embeddings", false, "llama.cpp wants a head in files of \(name)")
    let width = try config.member("hidden_size").int / max(1, sizes.heads)
    try require(
      "head_dim", .number(JSONNumber(width)), "llama.cpp divides the hidden size by the heads")
    guard name == "olmoe" else { return }
    try require("clip_qkv", .null, "llama.cpp clips nothing in files of olmoe")
    try require(
      "num_key_value_heads", .number(JSONNumber(sizes.heads)),
      "llama.cpp wants as many heads of k as of q in files of olmoe")
  }

  /// The members of `config.json` that a file's architecture stands for.
  func configuration(hasBias: Bool) -> JSONObject {
    var config = JSONObject()
    switch name {
    case "llama": config["sliding_window"] = .null
    case "qwen2moe":
      config["norm_topk_prob"] = false
      config["qkv_bias"] = .bool(hasBias)
    default: config["norm_topk_prob"] = .bool(normalizes)
    }
    return config
  }
}
