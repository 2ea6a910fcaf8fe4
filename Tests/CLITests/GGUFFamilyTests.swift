// Phi-3, whose matrices are fused, and Gemma 3 with a vision tower in GGUF files.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import TestSupport
import Testing

extension TinyModel {
  /// A Phi-3: the matrices of q, k and v, and those of gate and up, as one.
  fileprivate static func phi(_ settings: [String: String] = [:]) -> TinyModel {
    var model = TinyModel(.float32)
    let standard = [
      "model_type": #""phi3""#, "architectures": #"["Phi3ForCausalLM"]"#, "sliding_window": "null",
      "rope_theta": "100.0", "original_max_position_embeddings": "128",
    ]
    for (name, json) in standard.merging(settings, uniquingKeysWith: { $1 }) {
      model.configure(name, json)
    }
    for layer in 0..<2 {
      for (fused, parts) in [
        ("self_attn.qkv_proj", ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]),
        ("mlp.gate_up_proj", ["mlp.gate_proj", "mlp.up_proj"]),
      ] {
        let names = parts.map { "model.layers.\(layer).\($0).weight" }
        let found = names.compactMap { name in model.tensors.first { $0.name == name } }
        for name in names { model.replace(name) { _ in nil } }
        model.tensors.append(
          .init(
            "model.layers.\(layer).\(fused).weight", "F32",
            [found.reduce(0) { $0 + $1.shape[0] }, hiddenSize], found.flatMap(\.data)))
      }
    }
    return model
  }

  /// LongRoPE with other divisors for long sequences, for a context of 16 tokens at first.
  fileprivate static var long: String {
    #"{"rope_type": "longrope", "short_factor": [1.0, 1.1, 1.2, 1.3], "#
      + #""long_factor": [1.0, 2.0, 3.0, 4.0]}"#
  }
}

extension TemporaryFolder {
  fileprivate func write(_ model: TinyModel) throws {
    try model.write("model", in: self)
    try write("model/tokenizer.json", TinyModel.tokenizer)
    try write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
  }

  fileprivate func divergence(_ name: String, length: Int = 32) throws -> Double {
    try Command.succeed(
      "eval", name, "--text", "text.safetensors", "--length", "\(length)", "--reference", "model",
      "--json", in: self
    ).json().member("kl_divergence").double
  }

  fileprivate func refusal() throws -> String {
    try Command.start(["quantize", "model", "-o", "y.gguf"] + rounded + ["Q8_0"], in: self).finish()
      .errors
  }
}

private let rounded = ["--method", "rtn", "--format", "gguf", "--type"]

@Suite struct `A Phi-3 in a GGUF file` {
  @Test(arguments: [
    [:], ["partial_rotary_factor": "0.75"],
    ["rope_scaling": TinyModel.long, "original_max_position_embeddings": "16"],
  ])
  fileprivate func `stays fused, and turns as it does`(settings: [String: String]) throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel.phi(settings))
      try Command.succeed(
        ["quantize", "model", "-o", "x.gguf"] + rounded + ["Q8_0"], in: folder)
      let file = try GGUFFile(path: folder.path("x.gguf"))
      let shapes = Dictionary(
        uniqueKeysWithValues: file.entries.map { ($0.name, $0.dimensions) })
      #expect(shapes["blk.1.attn_qkv.weight"] == [64, 32])
      #expect(shapes["blk.1.ffn_up.weight"] == [128, 32])
      #expect(
        shapes["blk.1.ffn_down.weight"] == [32, 64] && shapes["blk.1.ffn_gate.weight"] == nil)
      let isPartial = settings["partial_rotary_factor"] != nil
      #expect(file["phi3.rope.dimension_count"]?.int == (isPartial ? 6 : 8))
      #expect(file["phi3.attention.sliding_window"]?.int == 0)
      let isLong = settings["rope_scaling"] != nil
      #expect(shapes["rope_factors_long.weight"] == (isLong ? [4] : nil))
      #expect(shapes["rope_factors_short.weight"] == (isLong ? [4] : nil))
      if isLong {
        #expect(file["phi3.rope.scaling.original_context_length"]?.int == 16)
        // √(1 + ln(128 / 16) / ln 16)
        let factor = try #require(file["phi3.rope.scaling.attn_factor"]?.number)
        #expect(abs(factor - 1.75.squareRoot()) < 1e-6)
      }
      // On both sides of the original context.
      for length in [8, 32] {
        let divergence = try folder.divergence("x.gguf", length: length)
        #expect(divergence < 1e-2, "\(length): \(divergence)")
      }
      try Command.succeed("verify", "x.gguf", "--against", "model", in: folder)
    }
  }

  @Test(arguments: [
    (
      ["sliding_window": "64"],
      "sliding_window: expected no window, since llama.cpp would attend to everything, found 64"
    ),
    (
      ["rope_scaling": #"{"rope_type": "longrope", "short_factor": [1.0], "long_factor": [1.0]}"#],
      "short_factor: expected 4 positive numbers, found 1 numbers"
    ),
  ])
  fileprivate func `is refused where llama.cpp would compute it otherwise`(
    settings: [String: String], words: String
  ) throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel.phi(settings))
      let errors = try folder.refusal()
      #expect(errors.contains(words), "\(errors)")
    }
  }
}

@Suite struct `A Gemma 3 with a vision tower` {
  private func composite(_ root: String, _ type: String = "gemma3") throws -> TinyModel {
    var model = TinyModel.gemma("gemma3_text")
    let text = model.configuration.map { "\"\($0.name)\": \($0.json)" }.joined(separator: ", ")
    model.configuration = [
      ("model_type", "\"\(type)\""),
      ("architectures", #"["Gemma3ForConditionalGeneration"]"#), ("text_config", "{\(text)}"),
      ("vision_config", "{}"),
    ]
    model.tensors = model.tensors.map { tensor in
      let name = tensor.name.replacing("model.", with: root, maxReplacements: 1)
      return .init(name, tensor.type, tensor.shape, tensor.data)
    }
    model.tensors.append(
      .init(
        "vision_tower.encoder.weight", "F32", [4, 4],
        FloatFormat.float32.encode(Array(repeating: 1, count: 16))))
    return model
  }

  @Test(arguments: ["language_model.model.", "model.language_model."])
  func `is written without it, and says so`(root: String) throws {
    try TemporaryFolder.with { folder in
      try folder.write(composite(root))
      let made = try Command.start(
        ["quantize", "model", "-o", "x.gguf"] + rounded + ["Q8_0"], in: folder
      ).finish()
      #expect(made.status == 0)
      #expect(
        made.errors.contains(
          "vision_tower: not in the file, which is of the language model alone"), "\(made.errors)")
      let file = try GGUFFile(path: folder.path("x.gguf"))
      #expect(file["general.architecture"] == .string("gemma3"))
      #expect(file.entries.allSatisfy { !$0.name.contains("vision") })
      #expect(file.entries.contains { $0.name == "blk.1.post_ffw_norm.weight" })
      let divergence = try folder.divergence("x.gguf")
      #expect(divergence < 0.1, "\(divergence)")
      let verified = try Command.succeed("verify", "x.gguf", "--against", "model", in: folder)
      #expect(verified.output.contains("15 Linears lose what the report says"))
      try Command.succeed(
        "imatrix", "model", "--calibration", "text.safetensors", "--length", "32", "-o", "i.gguf",
        in: folder)
      try Command.succeed(
        "quantize", "model", "-o", "z.gguf", "--format", "gguf", "--type", "Q8_0", "--importance",
        "i.gguf", in: folder)
    }
  }

  @Test func `is refused where it is another model`() throws {
    try TemporaryFolder.with { folder in
      try folder.write(composite("language_model.model.", "mistral3"))
      let errors = try folder.refusal()
      #expect(
        errors.hasSuffix(
          "gemma2, gemma3_text, phi3, of which GGUF files are written, found mistral3\n"),
        "\(errors)")
    }
  }
}
