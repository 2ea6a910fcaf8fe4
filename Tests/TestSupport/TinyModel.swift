internal import Foundation
package import LinearAlgebra

/// A model of random weights as a Hugging Face folder, all of which a test may change before it is
/// written: hidden size 32, two layers, 64 tokens, two query heads for each of two key-value heads.
package struct TinyModel: Sendable {
  /// The members of `config.json` in order, their values as JSON.
  package var configuration: [(name: String, json: String)]
  /// The tensors, in the order in which they will be stored.
  package var tensors: [RawSafetensors.Tensor]

  /// The width of the residual stream.
  package static let hiddenSize = 32
  /// The width inside the MLP.
  package static let innerSize = 64
  /// The number of tokens that there are.
  package static let vocabularySize = 64

  /// Whose block it has.
  package enum Family: String, Sendable, CaseIterable {
    /// No biases, unless asked for.
    case llama
    /// The same, for which a window may be configured.
    case mistral
    /// Biases of q, k and v.
    case qwen2
    /// Norms of the heads of q and k.
    case qwen3
  }

  /// The Linears of a block with their shapes, in the order of the computation.
  package static let linears = [
    ("self_attn.q_proj", 32, 32), ("self_attn.k_proj", 16, 32), ("self_attn.v_proj", 16, 32),
    ("self_attn.o_proj", 32, 32), ("mlp.gate_proj", 64, 32), ("mlp.up_proj", 64, 32),
    ("mlp.down_proj", 32, 64),
  ]

  /// A model whose tensors are stored in a format.
  package init(
    _ format: FloatFormat = .float32, family: Family = .llama, attentionBias: Bool = false,
    seed: UInt64 = 1
  ) {
    configuration = [
      ("architectures", "[\"\(family.rawValue.capitalized)ForCausalLM\"]"),
      ("model_type", "\"\(family.rawValue)\""),
      ("hidden_size", "32"), ("num_hidden_layers", "2"), ("num_attention_heads", "4"),
      ("num_key_value_heads", "2"), ("intermediate_size", "64"), ("vocab_size", "64"),
      ("max_position_embeddings", "128"), ("rms_norm_eps", "1e-5"),
      ("attention_bias", "\(attentionBias)"), ("tie_word_embeddings", "true"),
    ]
    if family == .mistral { configuration.append(("sliding_window", "null")) }
    if family == .qwen3 { configuration.append(("head_dim", "8")) }
    var generator = SplitMix64(seed: seed)
    var tensors: [RawSafetensors.Tensor] = []
    func add(_ name: String, _ shape: [Int], mean: Double = 0, _ deviation: Double) {
      let values = (0..<shape.reduce(1, *)).map { _ in
        Float(mean + deviation * generator.gaussian())
      }
      tensors.append(.init(name, Self.typeName(format), shape, format.encode(values)))
    }
    add("model.embed_tokens.weight", [Self.vocabularySize, Self.hiddenSize], 1)
    for layer in 0..<2 {
      let prefix = "model.layers.\(layer)"
      add("\(prefix).input_layernorm.weight", [Self.hiddenSize], mean: 1, 0.3)
      for (name, rows, columns) in Self.linears {
        add("\(prefix).\(name).weight", [rows, columns], 0.25)
        let isAttention = name.hasPrefix("self_attn")
        if isAttention && (attentionBias || family == .qwen2 && !name.hasSuffix("o_proj")) {
          add("\(prefix).\(name).bias", [rows], 0.5)
        }
      }
      if family == .qwen3 {
        add("\(prefix).self_attn.q_norm.weight", [8], mean: 1, 0.3)
        add("\(prefix).self_attn.k_norm.weight", [8], mean: 1, 0.3)
      }
      add("\(prefix).post_attention_layernorm.weight", [Self.hiddenSize], mean: 1, 0.3)
    }
    add("model.norm.weight", [Self.hiddenSize], mean: 1, 0.3)
    self.tensors = tensors
  }

  /// The name that safetensors files have for a format.
  private static func typeName(_ format: FloatFormat) -> String {
    switch format {
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    }
  }

  /// Replaces a member of `config.json`, appends it, or (by nil) removes it.
  package mutating func configure(_ name: String, _ json: String?) {
    let place = configuration.firstIndex { $0.name == name }
    if let place { configuration.remove(at: place) }
    if let json { configuration.insert((name, json), at: place ?? configuration.count) }
  }

  /// Replaces a tensor, or (by nil) removes it.
  package mutating func replace(
    _ name: String, _ change: (RawSafetensors.Tensor) -> RawSafetensors.Tensor?
  ) {
    tensors = tensors.flatMap { $0.name == name ? [change($0)].compactMap(\.self) : [$0] }
  }

  /// Gives the model a head that is not the embedding.
  package mutating func addHead(_ format: FloatFormat) {
    configure("tie_word_embeddings", "false")
    let shape = [Self.vocabularySize, Self.hiddenSize]
    let values = (0..<shape[0] * shape[1]).map { i -> Float in Float(i * i % 977) / 1500 - 0.3 }
    tensors.append(
      .init("lm_head.weight", Self.typeName(format), shape, format.encode(values)))
  }

  /// Writes the folder; with more than one shard, its tensors are dealt out in turn.
  package func write(_ name: String, in folder: TemporaryFolder, shards: Int = 1) throws {
    let members = configuration.map { "  \"\($0.name)\": \($0.json)" }
    try folder.write("\(name)/config.json", "{\n\(members.joined(separator: ",\n"))\n}\n")
    guard shards > 1 else {
      try folder.write("\(name)/model.safetensors", RawSafetensors.file(tensors))
      return
    }
    var map: [String] = []
    for shard in 0..<shards {
      let file = "model-0000\(shard + 1)-of-0000\(shards).safetensors"
      let share = tensors.indices.filter { $0 % shards == shard }.map { tensors[$0] }
      try folder.write("\(name)/\(file)", RawSafetensors.file(share))
      map += share.map { "\"\($0.name)\":\"\(file)\"" }
    }
    try folder.write(
      "\(name)/model.safetensors.index.json",
      #"{"metadata":{},"weight_map":{\#(map.joined(separator: ","))}}"#)
  }

  /// Random tokens of the vocabulary.
  package static func tokens(_ count: Int, seed: UInt64) -> [Int32] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in Int32(generator.integer(in: 0..<vocabularySize)) }
  }

  /// A safetensors file of tokens, as commands take it.
  package static func tokenFile(_ tokens: [Int32]) -> [UInt8] {
    RawSafetensors.file([
      .init("input_ids", "I32", [tokens.count], RawSafetensors.bytes(tokens))
    ])
  }
}
