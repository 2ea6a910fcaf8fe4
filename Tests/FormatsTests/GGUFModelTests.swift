// A model as a GGUF file names and describes it: tensors, order of rows, types, sizes and tokenizer.

import Checkpoint
import JSON
import LinearAlgebra
import TestSupport
import Testing

@testable import Formats

private func architecture(_ type: String = "llama", heads: Int = 4, keyValueHeads: Int = 2) throws
  -> GGUFArchitecture
{
  let config: JSONValue = [
    "model_type": .string(type), "num_hidden_layers": 30,
    "num_attention_heads": .number(JSONNumber(heads)),
    "num_key_value_heads": .number(JSONNumber(keyValueHeads)),
  ]
  return try GGUFArchitecture(config.field)
}

@Suite struct `The names of a GGUF file` {
  @Test(arguments: [
    ("model.embed_tokens.weight", "token_embd.weight"), ("model.norm.weight", "output_norm.weight"),
    ("lm_head.weight", "output.weight"),
    ("model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight"),
    ("model.layers.12.self_attn.o_proj.weight", "blk.12.attn_output.weight"),
    ("model.layers.3.self_attn.k_proj.bias", "blk.3.attn_k.bias"),
    ("model.layers.3.self_attn.q_norm.weight", "blk.3.attn_q_norm.weight"),
    ("model.layers.3.input_layernorm.weight", "blk.3.attn_norm.weight"),
    ("model.layers.3.post_attention_layernorm.weight", "blk.3.ffn_norm.weight"),
    ("model.layers.29.mlp.down_proj.weight", "blk.29.ffn_down.weight"),
  ])
  func `lead both ways`(key: String, name: String) throws {
    let architecture = try architecture()
    #expect(architecture.location(of: key) == .init(name: name, expert: nil))
    #expect(architecture.keys(of: name) == [key])
  }

  @Test(arguments: [
    "model.layers.x.mlp.down_proj.weight", "model.layers.-1.mlp.down_proj.weight",
    "model.layers.01.mlp.down_proj.weight", "model.layers.0.mlp.experts.weight", "visual.weight",
    "model.layers.0.mlp.down_proj", "model.layers..mlp.down_proj.weight", "",
    "model.layers.0.mlp.experts.0.down_proj.weight", "model.layers.0.mlp.gate.weight",
  ])
  func `are none for anything else`(key: String) throws {
    #expect(try architecture().location(of: key) == nil)
  }

  @Test func `have the role and the block of a matrix`() throws {
    let role = try architecture().role(of: "model.layers.7.self_attn.v_proj")
    #expect(role?.part == "attn_v" && role?.block == 7)
    #expect(try architecture().role(of: "model.embed_tokens") == nil)
  }
}

@Suite struct `Rows of q and k` {
  @Test func `are permuted as the converter permutes them`() throws {
    // reshape(heads, 2, d/2) → swapaxes(1, 2) of rows 0…15: two heads of eight.
    let expected = [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]
    let architecture = try architecture(heads: 4, keyValueHeads: 2)
    #expect(architecture.rowOrder(of: "blk.0.attn_k.weight", rows: 16) == expected)
    #expect(architecture.rowOrder(of: "blk.0.attn_k.bias", rows: 16) == expected)
    #expect(architecture.rowOrder(of: "blk.0.attn_q.weight", rows: 16)?.prefix(4) == [0, 2, 1, 3])
    for name in ["blk.0.attn_v.weight", "blk.0.attn_output.weight", "token_embd.weight"] {
      #expect(architecture.rowOrder(of: name, rows: 16) == nil)
    }
    for type in ["qwen2", "qwen3"] {
      #expect(try self.order(type) == nil)
    }
  }

  private func order(_ type: String) throws -> [Int]? {
    try architecture(type).rowOrder(of: "blk.0.attn_q.weight", rows: 16)
  }
}

@Suite struct `The mixtures of llama.cpp` {
  private func types(_ mixture: GGUFMixture, _ role: String, columns: Int = 4096) -> [GGUFType] {
    (0..<32).map {
      mixture.type(of: role, block: $0, of: 32, queriesPerKey: 4, columns: columns)
    }
  }

  @Test func `give more bits to v and down at both ends, and to every third block`() {
    for (mixture, more) in [(GGUFMixture.q4KM, GGUFType.q4K), (.q5KM, .q5K)] {
      for role in ["attn_v", "ffn_down"] {
        let found = types(mixture, role)
        let special = found.indices.filter { found[$0] == .q6K }
        #expect(special == [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31])
        #expect(Set(found) == [more, .q6K])
      }
      #expect(Set(types(mixture, "ffn_up")) == [more])
    }
  }

  @Test func `have the types of each preset`() {
    #expect(types(.q2K, "attn_v").allSatisfy { $0 == .q4K })
    #expect(types(.q2K, "attn_output").allSatisfy { $0 == .q3K })
    #expect(types(.q2K, "ffn_gate").allSatisfy { $0 == .q2K })
    #expect(types(.q3KM, "attn_v").prefix(3) == [.q5K, .q5K, .q4K])
    #expect(types(.q3KM, "ffn_down").prefix(3) == [.q5K, .q5K, .q4K])
    #expect(types(.q3KL, "attn_output").allSatisfy { $0 == .q5K })
    #expect(types(.q4KS, "attn_v").prefix(5) == [.q5K, .q5K, .q5K, .q5K, .q4K])
    #expect(types(.q40, "ffn_down").prefix(5) == [.q41, .q41, .q41, .q41, .q40])
    #expect(types(.q80, "attn_v").allSatisfy { $0 == .q80 })
    #expect(types(.mxfp4, "attn_v", columns: 96).allSatisfy { $0 == .mxfp4 })
    #expect(GGUFMixture.mxfp4.typeOfTable(columns: 512, makesLogits: false) == .q80)
  }

  @Test func `fall back where blocks of 256 do not fill the rows`() {
    #expect(types(.q4KM, "attn_q", columns: 576)[0] == .q50)
    #expect(types(.q4KM, "attn_v", columns: 576)[0] == .q80)
    #expect(types(.q5KS, "attn_q", columns: 576)[0] == .q51)
    #expect(types(.q3KS, "attn_q", columns: 576)[0] == .q40)
    #expect(types(.q2K, "attn_q", columns: 576)[0] == .q40)
    #expect(types(.iq4XS, "attn_q", columns: 576)[0] == .iq4NL)
    #expect(types(.tq20, "attn_q", columns: 576)[0] == .q40)
    #expect(GGUFMixture.tq10.typeOfTable(columns: 512, makesLogits: false) == .q4K)
    #expect(GGUFMixture.q40.typeOfTable(columns: 576, makesLogits: true) == .q80)
    #expect(GGUFMixture.q4KM.typeOfTable(columns: 576, makesLogits: true) == .q80)
    #expect(GGUFMixture.q4KM.typeOfTable(columns: 512, makesLogits: true) == .q6K)
    #expect(GGUFMixture.q4KM.typeOfTable(columns: 512, makesLogits: false) == .q4K)
    #expect(GGUFMixture.q80.typeOfTable(columns: 512, makesLogits: true) == .q80)
  }
}

@Suite struct `The tokenizer in a GGUF file` {
  private static let bytes = TinyModel.tokenizer

  private func metadata(
    _ change: (inout JSONValue) throws -> Void = { _ in }, settings: JSONValue = [:]
  ) throws -> [String: GGUFValue] {
    var json = try JSONValue(parsing: Array(Self.bytes.utf8))
    try change(&json)
    let tokenizer = try GGUFTokenizer(
      json.field, settings: settings.field, configuration: JSONValue.object(JSONObject()).field)
    return Dictionary(
      uniqueKeysWithValues: try tokenizer.metadata(rows: 64).map { ($0.key, $0.value) })
  }

  @Test func `has a token for each row, with its kind`() throws {
    let found = try metadata(settings: ["bos_token": "<s>", "eos_token": ["content": "</s>"]])
    let tokens = try #require(found["tokenizer.ggml.tokens"]?.elements)
    #expect(tokens.count == 64 && tokens[0] == .string("<s>") && tokens[2] == .string("a"))
    #expect(tokens[63] == .string("[PAD63]"))
    let kinds = found["tokenizer.ggml.token_type"]?.elements?.map(\.int)
    #expect(kinds?.first == 3 && kinds?[2] == 1 && kinds?[63] == 5)
    #expect(found["tokenizer.ggml.pre"] == .string("gpt-2"))
    #expect(found["tokenizer.ggml.merges"]?.elements?.first == .string("a b"))
    #expect(found["tokenizer.ggml.bos_token_id"] == .uint32(0))
    #expect(found["tokenizer.ggml.eos_token_id"] == .uint32(1))
    #expect(found["tokenizer.ggml.add_bos_token"] == .bool(false))
  }

  @Test func `begins texts as the post-processor does`() throws {
    let found = try metadata { json in
      try json.setMember(
        "post_processor",
        to: [
          "type": "TemplateProcessing",
          "single": [
            ["SpecialToken": ["id": "</s>", "type_id": 0]],
            ["Sequence": ["id": "A", "type_id": 0]],
          ],
          "special_tokens": ["</s>": ["id": "</s>", "ids": [1], "tokens": ["</s>"]]],
        ])
    }
    #expect(found["tokenizer.ggml.add_bos_token"] == .bool(true))
    #expect(found["tokenizer.ggml.bos_token_id"] == .uint32(1))
  }

  @Test(arguments: GGUFSplit.allCases)
  func `names how text is split`(split: GGUFSplit) throws {
    let found = try metadata { try $0.setMember("pre_tokenizer", to: split.section) }
    #expect(found["tokenizer.ggml.pre"] == .string(split.rawValue))
  }

  @Test(arguments: [
    (#"{"type": "Metaspace"}"#, "pre_tokenizer"),
    (#"{"type": "Whitespace"}"#, "llama.cpp knows by name"),
    (#"{"type": "ByteLevel", "add_prefix_space": true, "use_regex": true}"#, "gpt-2, smollm"),
  ])
  func `is refused where llama.cpp would split text in another way`(
    section: String, words: String
  ) throws {
    let json = try JSONValue(parsing: Array(section.utf8))
    #expect {
      try metadata { try $0.setMember("pre_tokenizer", to: json) }
    } throws: { "\($0)".contains(words) }
  }
}
