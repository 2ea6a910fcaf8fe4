package import LinearAlgebra

extension TinyModel {
  /// The number of experts of a block.
  package static let expertCount = 4
  /// The width inside an expert.
  package static let expertSize = 32

  /// A Qwen3-MoE model: each token goes to one of four experts.
  ///
  /// The router says the same of the last two experts, and of equal ones the first is taken; so the
  /// last expert never gets a token.
  package static func mixture(_ format: FloatFormat = .float32, seed: UInt64 = 1) -> TinyModel {
    var model = TinyModel(format, family: .qwen3, seed: seed)
    model.configure("architectures", #"["Qwen3MoeForCausalLM"]"#)
    model.configure("model_type", #""qwen3_moe""#)
    model.configure("num_experts", "\(expertCount)")
    model.configure("num_experts_per_tok", "1")
    model.configure("moe_intermediate_size", "\(expertSize)")
    model.configure("norm_topk_prob", "true")
    var generator = SplitMix64(seed: seed + 1)
    for layer in 0..<2 {
      let mlp = "model.layers.\(layer).mlp"
      let type = model.tensors.first { $0.name == "\(mlp).up_proj.weight" }?.type ?? ""
      for name in ["gate_proj", "up_proj", "down_proj"] {
        model.replace("\(mlp).\(name).weight") { _ in nil }
      }
      func add(_ name: String, _ rows: Int, _ columns: Int, _ values: [Float]) {
        model.tensors.append(
          .init("\(mlp).\(name).weight", type, [rows, columns], format.encode(values)))
      }
      let router = (0..<3).map { _ in generator.values(hiddenSize, deviation: 0.25) }
      add("gate", expertCount, hiddenSize, (router + [router[2]]).flatMap(\.self))
      for expert in 0..<expertCount {
        for (name, rows, columns) in [
          ("gate_proj", expertSize, hiddenSize), ("up_proj", expertSize, hiddenSize),
          ("down_proj", hiddenSize, expertSize),
        ] {
          add(
            "experts.\(expert).\(name)", rows, columns,
            generator.values(rows * columns, deviation: 0.25))
        }
      }
    }
    return model
  }
}

extension SplitMix64 {
  /// Normal variables of a given deviation.
  fileprivate mutating func values(_ count: Int, deviation: Double) -> [Float] {
    (0..<count).map { _ in Float(deviation * gaussian()) }
  }
}
