// Phi-3 in GGUF files: fused matrices, and LongRoPE's divisors.

import Checkpoint
import JSON
import Testing

@testable import Formats

private func configuration(
  _ members: [(String, JSONValue)] = [], type: String = "phi3"
) throws(JSONError) -> JSONValue {
  var config: JSONValue = [
    "model_type": .string(type), "num_hidden_layers": 3, "num_attention_heads": 4,
    "hidden_size": 64, "intermediate_size": 96, "vocab_size": 64, "max_position_embeddings": 4096,
  ]
  for (name, value) in members { try config.setMember(name, to: value) }
  return config
}

/// LongRoPE with eight divisors of each kind.
private func longRotation(_ short: Double, _ long: Double, factor: JSONValue = .null) -> JSONValue {
  func list(_ step: Double) -> JSONValue {
    .array((0..<8).map { .number(JSONNumber(1 + Double($0) * step)) })
  }
  return [
    "type": "su", "short_factor": list(short), "long_factor": list(long),
    "attention_factor": factor,
  ]
}

@Suite struct `The names of Phi-3 in a GGUF file` {
  @Test(arguments: [
    ("self_attn.qkv_proj", "attn_qkv"), ("self_attn.o_proj", "attn_output"),
    ("mlp.gate_up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
    ("post_attention_layernorm", "ffn_norm"),
  ])
  func `are those of fused matrices`(part: String, name: String) throws {
    let architecture = try GGUFArchitecture(configuration().field)
    #expect(architecture.name == "phi3" && !architecture.isTied)
    let key = "model.layers.2.\(part).weight"
    #expect(architecture.location(of: key) == .init(name: "blk.2.\(name).weight", expert: nil))
    #expect(architecture.keys(of: "blk.2.\(name).weight") == [key])
    #expect(architecture.rowOrder(of: "blk.2.\(name).weight", rows: 64) == nil)
  }

  @Test(arguments: ["self_attn.q_proj.weight", "mlp.up_proj.weight", "self_attn.o_proj.bias"])
  func `are no others`(part: String) throws {
    let architecture = try GGUFArchitecture(configuration().field)
    #expect(architecture.location(of: "model.layers.0.\(part)") == nil)
  }

  @Test func `have the types of v for q, k and v`() {
    for mixture in GGUFMixture.allCases {
      let types = ["attn_qkv", "attn_v"].map {
        mixture.type(of: $0, block: 1, of: 32, queriesPerKey: 4, columns: 512)
      }
      #expect(types[0] == types[1], "\(mixture)")
    }
  }
}

@Suite struct `LongRoPE in a GGUF file` {
  @Test func `is two lists of divisors, and a factor`() throws {
    let config = try configuration([
      ("rope_scaling", longRotation(0.1, 0.5)), ("original_max_position_embeddings", 1024),
    ])
    let rope = try RotaryStatement(config.field)
    let tensors = try rope.tensors(of: "phi3", width: 16)
    #expect(tensors.map(\.name) == ["rope_factors_long.weight", "rope_factors_short.weight"])
    #expect(tensors[0].values[2] == 2 && tensors[1].values[2] == 1.2)
    let metadata = try GGUFArchitecture(config.field).metadata(config.field)
    func number(_ key: String) -> Double? {
      metadata.first { $0.key == "phi3.\(key)" }?.value.number
    }
    #expect(number("rope.scaling.original_context_length") == 1024)
    // √(1 + ln 4 / ln 1024)
    let factor = try #require(number("rope.scaling.attn_factor"))
    #expect(abs(factor - 1.2.squareRoot()) < 1e-6)
    #expect(number("rope.dimension_count") == 16 && number("attention.sliding_window") == 0)
  }

  @Test func `is a single list elsewhere, or refused`() throws {
    func tensors(_ scaling: JSONValue) throws -> [String] {
      let config = try configuration([("rope_scaling", scaling)], type: "llama")
      return try RotaryStatement(config.field).tensors(of: "llama", width: 16).map(\.name)
    }
    #expect(try tensors(longRotation(0.5, 0.5, factor: 1)) == ["rope_freqs.weight"])
    let error = #expect(throws: JSONError.self) { try tensors(longRotation(0.1, 0.5)) }
    #expect(
      error?.description
        == "rope_type: expected default, linear or llama3, which are written to GGUF files of llama, found longrope"
    )
  }

  @Test(arguments: [
    (
      "head_dim", 32 as JSONValue,
      "head_dim: expected 16, since llama.cpp divides the hidden size by the heads, found 32"
    ),
    (
      "sliding_window", 2047,
      "sliding_window: expected no window, since llama.cpp would attend to everything, found 2047"
    ),
    ("partial_rotary_factor", 2, "partial_rotary_factor: expected a part of a head, found 2.0"),
  ])
  func `stands in no file that llama.cpp would compute otherwise`(
    member: String, value: JSONValue, message: String
  ) throws {
    let config = try configuration([(member, value)])
    let error = #expect(throws: JSONError.self) {
      try GGUFArchitecture(config.field).metadata(config.field)
    }
    #expect(error?.description == message)
  }
}
