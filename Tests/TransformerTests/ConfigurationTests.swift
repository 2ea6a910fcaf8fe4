import Checkpoint
import Formats
import JSON
import TestSupport
import Testing
import Transformer

/// A Llama configuration with some members replaced, or removed if the new value is nil.
private func configuration(_ changes: [(String, JSONValue?)]) -> JSONValue {
  var object = JSONObject()
  for (name, value) in [
    ("model_type", "llama"), ("hidden_size", 32), ("num_hidden_layers", 2),
    ("num_attention_heads", 4), ("num_key_value_heads", 2), ("intermediate_size", 48),
    ("vocab_size", 96),
  ] as [(String, JSONValue)] { object[name] = value }
  for (name, value) in changes { object[name] = value }
  return .object(object)
}

private func read(_ changes: (String, JSONValue?)...) throws -> ModelDeclaration {
  try TemporaryFolder.with { folder in
    try folder.write("config.json", configuration(changes).bytes(.pretty))
    // A safetensors file without tensors.
    try folder.write("model.safetensors", [2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8))
    let model = try ModelFolder(path: folder.path)
    return try Family.all.family(of: model).declaration(of: model)
  }
}

/// A member, an unsupported value for it, and a word that the error must contain.
private let unsupported: [(String, JSONValue, String)] = [
  ("model_type", "gemma9", "gemma9"),
  ("hidden_act", "mish", "mish"),
  ("hidden_size", 0, "positive"), ("hidden_size", "wide", "integer"),
  ("hidden_size", 3_000_000_000, "positive"), ("intermediate_size", 2_000_000_000, "16777216"),
  ("num_attention_heads", 2_000_000_000, "65536"), ("head_dim", 131_072, "65536"),
  ("num_key_value_heads", 3, "shared"), ("head_dim", 7, "even"),
  ("partial_rotary_factor", 1.5, "1.5"), ("partial_rotary_factor", 0.5, "1.0"),
  ("residual_multiplier", 0.5, "residual_multiplier"), ("post_norm", true, "post_norm"),
  ("rope_scaling", ["type": "spiral", "factor": 2.0], "spiral"),
  ("rope_scaling", ["type": "linear"], "factor"),
  ("rope_scaling", ["rope_type": "linear", "factor": -1.0], "positive"),
  ("rope_parameters", ["rope_type": "longrope", "rope_theta": 100.0], "max_position"),
]

@Suite struct ConfigurationTests {
  @Test func `a plain configuration needs only sizes`() throws {
    let model = try read()
    #expect(model.hiddenSize == 32 && model.vocabularySize == 96)
    #expect(model.linears(block: 1).map(\.rows) == [32, 16, 16, 32, 48, 48, 32])
    #expect(model.linears(block: 1)[0].name == "model.layers.1.self_attn.q_proj")
  }

  @Test func `the rotation of a head has the frequencies that follow from its width`() throws {
    let rotary = try RotaryConfiguration(
      ModelConfiguration(configuration([]).field), headDimension: 8)
    #expect(rotary.attentionFactor == 1)
    #expect(rotary.frequencies == [1, 0.1, 0.01, 0.001])
  }

  @Test(arguments: unsupported)
  func `an unsupported value is an error that names it`(
    name: String, value: JSONValue, word: String
  ) {
    let error = #expect(throws: CheckpointError.self) { try read((name, value)) }
    #expect(error.map { "\($0)".contains(word) } == true, "\(String(describing: error))")
  }

  @Test(arguments: ["hidden_size", "num_hidden_layers", "vocab_size", "model_type"])
  func `a missing member is an error that names it`(name: String) {
    let error = #expect(throws: CheckpointError.self) { try read((name, nil)) }
    #expect(error.map { "\($0)".contains(name) } == true)
  }

  @Test func `mistral must state its window, because its defaults differ`() {
    let error = #expect(throws: CheckpointError.self) { try read(("model_type", "mistral")) }
    #expect(error.map { "\($0)".contains("sliding_window") } == true)
  }

  @Test func `mistral accepts null as a window that sees everything`() throws {
    #expect(try read(("model_type", "mistral"), ("sliding_window", .null)).blocks.count == 2)
  }

  @Test func `gpt neo does not repeat its layers beyond their number`() {
    let error = #expect(throws: CheckpointError.self) {
      try read(
        ("model_type", "gpt_neo"),
        ("attention_types", [[["global", "local"], 2], [["global"], 1]]))
    }
    #expect(error.map { "\($0)".contains("at most 2 layers") } == true)
  }

  @Test func `groups of experts must hold as many as are picked`() {
    let error = #expect(throws: CheckpointError.self) {
      try read(
        ("model_type", "glm4_moe"), ("head_dim", 8), ("n_routed_experts", 8), ("n_group", 8),
        ("topk_group", 1), ("num_experts_per_tok", 2), ("moe_intermediate_size", 16))
    }
    #expect(error.map { "\($0)".contains("topk_group") } == true)
  }

  @Test(arguments: ["mixtral", "ministral3", "phi3", "starcoder2"])
  func `a window that only some blocks have is refused where all have it`(family: String) {
    let error = #expect(throws: CheckpointError.self) {
      try read(
        ("model_type", .string(family)), ("head_dim", 8), ("hidden_act", "silu"),
        ("sliding_window", 8), ("layer_types", ["full_attention", "sliding_attention"]),
        ("num_local_experts", 4), ("num_experts_per_tok", 2),
        (
          "rope_parameters",
          ["llama_4_scaling_beta": 0.1, "original_max_position_embeddings": 64]
        ))
    }
    #expect(
      error.map {
        "\($0)".contains("since all layers of this architecture have the sliding_window")
      }
        == true, "\(String(describing: error))")
  }

  @Test func `an odd number of rotated channels is an error`() {
    let error = #expect(throws: CheckpointError.self) {
      try read(
        ("model_type", "gpt_neox"), ("hidden_act", "gelu"), ("num_key_value_heads", nil),
        ("rotary_pct", 0.45))
    }
    #expect(error.map { "\($0)".contains("even") } == true)
  }
}
