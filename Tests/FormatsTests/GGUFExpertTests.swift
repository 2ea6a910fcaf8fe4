// Mixtures in GGUF files: names and types of tensors, and what llama.cpp would compute otherwise.

import Checkpoint
import JSON
import TestSupport
import Testing

@testable import Formats

/// A configuration with four experts.
private func configuration(
  _ type: String, _ members: [(String, JSONValue)] = []
) throws(JSONError) -> JSONValue {
  var config: JSONValue = [
    "model_type": .string(type), "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 4, "hidden_size": 64, "intermediate_size": 96, "vocab_size": 64,
    "num_experts_per_tok": 2, "tie_word_embeddings": false,
  ]
  try config.setMember(type == "mixtral" ? "num_local_experts" : "num_experts", to: 4)
  if type.hasPrefix("qwen") {
    try config.setMember("moe_intermediate_size", to: 32)
    try config.setMember("norm_topk_prob", to: .bool(type == "qwen3_moe"))
  }
  if type == "qwen2_moe" { try config.setMember("shared_expert_intermediate_size", to: 48) }
  for (name, value) in members { try config.setMember(name, to: value) }
  return config
}

private func architecture(_ type: String) throws -> GGUFArchitecture {
  try GGUFArchitecture(configuration(type).field)
}

@Suite struct `Experts in a GGUF file` {
  @Test(arguments: [
    ("mixtral", "block_sparse_moe.experts.2.w1", "ffn_gate_exps", 2),
    ("mixtral", "block_sparse_moe.experts.0.w2", "ffn_down_exps", 0),
    ("mixtral", "block_sparse_moe.experts.3.w3", "ffn_up_exps", 3),
    ("qwen2_moe", "mlp.experts.1.gate_proj", "ffn_gate_exps", 1),
    ("qwen3_moe", "mlp.experts.3.up_proj", "ffn_up_exps", 3),
    ("olmoe", "mlp.experts.2.down_proj", "ffn_down_exps", 2),
  ])
  func `have a place in the tensor of a block`(
    type: String, part: String, name: String, expert: Int
  ) throws {
    let architecture = try architecture(type)
    let location = architecture.location(of: "model.layers.1.\(part).weight")
    #expect(location == .init(name: "blk.1.\(name).weight", expert: expert))
    let keys = architecture.keys(of: "blk.1.\(name).weight")
    #expect(keys.count == 4 && keys[expert] == "model.layers.1.\(part).weight")
  }

  @Test(arguments: [
    ("mixtral", "block_sparse_moe.gate", "ffn_gate_inp"),
    ("mixtral", "self_attn.q_proj", "attn_q"), ("qwen3_moe", "mlp.gate", "ffn_gate_inp"),
    ("qwen2_moe", "mlp.shared_expert.gate_proj", "ffn_gate_shexp"),
    ("qwen2_moe", "mlp.shared_expert.up_proj", "ffn_up_shexp"),
    ("qwen2_moe", "mlp.shared_expert.down_proj", "ffn_down_shexp"),
    ("qwen2_moe", "mlp.shared_expert_gate", "ffn_gate_inp_shexp"),
    ("olmoe", "self_attn.k_norm", "attn_k_norm"),
  ])
  func `stand beside what all tokens pass`(type: String, part: String, name: String) throws {
    let architecture = try architecture(type)
    let location = architecture.location(of: "model.layers.2.\(part).weight")
    #expect(location == .init(name: "blk.2.\(name).weight", expert: nil))
    #expect(architecture.keys(of: "blk.2.\(name).weight") == ["model.layers.2.\(part).weight"])
  }

  @Test(arguments: [
    ("qwen3_moe", "mlp.experts.4.up_proj.weight"), ("qwen3_moe", "mlp.experts.#.up_proj.weight"),
    ("qwen3_moe", "mlp.experts.01.up_proj.weight"), ("qwen3_moe", "mlp.up_proj.weight"),
    ("qwen3_moe", "mlp.experts.up_proj.weight"), ("qwen3_moe", "mlp.experts.1.up_proj.bias"),
    ("qwen3_moe", "self_attn.o_proj.bias"), ("qwen3_moe", "mlp.shared_expert.up_proj.weight"),
    ("mixtral", "mlp.experts.1.up_proj.weight"), ("olmoe", "block_sparse_moe.gate.weight"),
  ])
  func `have no place under another name`(type: String, part: String) throws {
    #expect(try architecture(type).location(of: "model.layers.0.\(part)") == nil)
  }

  @Test(arguments: [
    (
      "mixtral", "llama",
      ["expert_count": 4, "expert_used_count": 2, "feed_forward_length": 96, "block_count": 3]
    ),
    (
      "qwen2_moe", "qwen2moe",
      [
        "expert_count": 4, "expert_used_count": 2, "expert_feed_forward_length": 32,
        "expert_shared_feed_forward_length": 48, "feed_forward_length": 96,
      ]
    ),
    (
      "qwen3_moe", "qwen3moe",
      ["expert_count": 4, "expert_used_count": 2, "expert_feed_forward_length": 32]
    ),
    ("olmoe", "olmoe", ["expert_count": 4, "expert_used_count": 2, "feed_forward_length": 96]),
  ])
  func `are counted in the metadata`(
    type: String, name: String, expected: [String: Int]
  ) throws {
    let architecture = try architecture(type)
    #expect(architecture.name == name && architecture.modelType == type)
    let metadata = Dictionary(
      uniqueKeysWithValues: try architecture.metadata(configuration(type).field).map {
        ($0.key, $0.value)
      })
    for (key, value) in expected { #expect(metadata["\(name).\(key)"]?.int == value, "\(key)") }
    let standard: Float = type.hasPrefix("qwen") ? 1e-6 : 1e-5
    #expect(metadata["\(name).attention.layer_norm_rms_epsilon"] == .float32(standard))
    let base: Float = type == "mixtral" ? 1e6 : 1e4
    #expect(metadata["\(name).rope.freq_base"] == .float32(base))
  }
}

/// A mixture that llama.cpp would compute otherwise, and what is said of it.
private struct Refused: Sendable, CustomTestStringConvertible {
  let type: String
  let member: String
  let value: JSONValue
  let message: String
  var testDescription: String { "\(type) \(member)" }
}

private let refused: [Refused] = [
  Refused(
    type: "qwen3_moe", member: "norm_topk_prob", value: false,
    message:
      "norm_topk_prob: expected true, since llama.cpp divides the weights of the chosen experts by their sum, "
      + "found false"),
  Refused(
    type: "qwen2_moe", member: "norm_topk_prob", value: true,
    message:
      "norm_topk_prob: expected false, since llama.cpp does not divide the weights of the chosen experts by their "
      + "sum, found true"),
  Refused(
    type: "olmoe", member: "norm_topk_prob", value: true,
    message:
      "norm_topk_prob: expected false, since llama.cpp does not divide the weights of the chosen experts by their "
      + "sum, found true"),
  Refused(
    type: "qwen3_moe", member: "decoder_sparse_step", value: 2,
    message:
      "decoder_sparse_step: expected 1, since llama.cpp has experts in every block, found 2"),
  Refused(
    type: "qwen2_moe", member: "mlp_only_layers", value: [1],
    message: "mlp_only_layers: expected [], since llama.cpp has experts in every block, found [1]"),
  Refused(
    type: "qwen2_moe", member: "tie_word_embeddings", value: true,
    message:
      "tie_word_embeddings: expected false, since llama.cpp wants a head in files of qwen2moe, found true"
  ),
  Refused(
    type: "olmoe", member: "head_dim", value: 32,
    message:
      "head_dim: expected 16, since llama.cpp divides the hidden size by the heads, found 32"),
  Refused(
    type: "olmoe", member: "clip_qkv", value: 8,
    message:
      "clip_qkv: expected null, since llama.cpp clips nothing in files of olmoe, found 8"),
  Refused(
    type: "olmoe", member: "num_key_value_heads", value: 2,
    message:
      "num_key_value_heads: expected 4, since llama.cpp wants as many heads of k as of q in files of olmoe, found 2"
  ),
  Refused(
    type: "mixtral", member: "num_local_experts", value: 0,
    message: "num_local_experts: expected a number of experts of at most 65536, found 0"),
  Refused(
    type: "mixtral", member: "sliding_window", value: 64,
    message:
      "sliding_window: expected no window, since llama.cpp would attend to everything, found 64"),
]

@Suite struct `A mixture that llama.cpp computes otherwise` {
  @Test(arguments: refused)
  fileprivate func `is refused`(item: Refused) throws {
    let config = try configuration(
      item.type, [(item.member, item.value), ("max_position_embeddings", 128)])
    let error = #expect(throws: JSONError.self) {
      try GGUFArchitecture(config.field).metadata(config.field)
    }
    #expect(error?.description == item.message)
  }
}

@Suite struct `The types of experts` {
  private func type(_ mixture: GGUFMixture, _ role: String, experts: Int) -> GGUFType {
    mixture.type(of: role, block: 1, of: 32, queriesPerKey: 4, columns: 512, experts: experts)
  }

  @Test func `are those of an MLP`() {
    for mixture in GGUFMixture.allCases where mixture != .mxfp4 {
      for part in ["ffn_gate", "ffn_up", "ffn_down"] {
        for kind in ["exps", "shexp"] {
          #expect(
            type(mixture, "\(part)_\(kind)", experts: 60) == type(mixture, part, experts: 0))
        }
      }
      #expect(type(mixture, "attn_v", experts: 60) == type(mixture, "attn_v", experts: 0))
    }
  }

  @Test func `leave more bits for attention where there are eight`() {
    #expect(type(.q4KM, "attn_v", experts: 8) == .q80)
    #expect(type(.q40, "attn_k", experts: 8) == .q80)
    #expect(type(.q6K, "attn_v", experts: 8) == .q80)
    #expect(type(.q4KM, "attn_output", experts: 8) == .q5K)
    #expect(type(.q3KL, "attn_output", experts: 8) == .q3K)
    #expect(type(.q5KM, "attn_output", experts: 8) == .q5K)
    #expect(type(.q4KM, "attn_q", experts: 8) == .q4K)
  }

  @Test func `are alone in having floats of 4 bits`() {
    #expect(type(.mxfp4, "ffn_down_exps", experts: 4) == .mxfp4)
    for role in ["ffn_down_shexp", "attn_q", "attn_v"] {
      #expect(type(.mxfp4, role, experts: 4) == .q80)
    }
  }
}
