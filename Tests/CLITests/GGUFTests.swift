// GGUF files, from one command to the next.

import Checkpoint
import Foundation
import JSON
import LinearAlgebra
import TestSupport
import Testing

extension TemporaryFolder {
  /// Writes a model with a tokenizer, and tokens.
  fileprivate func write(_ model: TinyModel) throws {
    try model.write("model", in: self)
    try write("model/tokenizer.json", TinyModel.tokenizer)
    try write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
  }

  /// The divergence of a model from the original.
  fileprivate func divergence(_ name: String, text: String = "text.safetensors") throws -> Double {
    try Command.succeed(
      "eval", name, "--text", text, "--length", "32", "--reference", "model", "--json", in: self
    ).json().member("kl_divergence").double
  }
}

extension TinyModel {
  /// The same weights and others under the names of a Gemma, whose gains are 1 + w.
  static func gemma(_ type: String, _ settings: [String: String] = [:]) -> TinyModel {
    var model = TinyModel(.float32)
    let standard = [
      "model_type": "\"\(type)\"", "architectures": "null", "head_dim": "8",
      "hidden_activation": "\"gelu_pytorch_tanh\"", "sliding_window": "16",
      "query_pre_attn_scalar": "8",
    ]
    for (name, json) in standard.merging(settings, uniquingKeysWith: { $1 }) {
      model.configure(name, json)
    }
    func gains(_ name: String, _ count: Int) -> RawSafetensors.Tensor {
      let values = (0..<count).map { Float($0 % 7) / 10 - 0.3 }
      return RawSafetensors.Tensor(name, "F32", [count], FloatFormat.float32.encode(values))
    }
    guard type != "gemma" else { return model }
    for layer in 0..<2 {
      let block = "model.layers.\(layer)"
      for name in ["pre_feedforward_layernorm", "post_feedforward_layernorm"] {
        model.tensors.append(gains("\(block).\(name).weight", hiddenSize))
      }
      guard type == "gemma3_text" else { continue }
      for name in ["q_norm", "k_norm"] {
        model.tensors.append(gains("\(block).self_attn.\(name).weight", 8))
      }
    }
    return model
  }
}

private let calibrated = [
  "--calibration", "text.safetensors", "--length", "32", "--format", "gguf", "--type",
]

@Suite struct `A GGUF file of a model` {
  @Test(arguments: TinyModel.Family.allCases, [FloatFormat.bfloat16, .float32])
  func `is quantized, listed, verified and judged`(
    family: TinyModel.Family, format: FloatFormat
  ) throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel(format, family: family, attentionBias: family == .llama))
      let made = try Command.succeed(
        ["quantize", "model", "-o", "x.gguf"] + calibrated + ["Q4_0"], in: folder)
      #expect(made.output.contains("15 Linears lose what the report says"))
      let eight = try Command.start(
        ["quantize", "model", "-o", "y.gguf"] + calibrated + ["Q8_0"], in: folder
      ).finish()
      try #require(eight.status == 0, "\(eight.errors)")
      #expect(try folder.names(in: "").contains("x.gguf"))
      #expect(try !folder.names(in: "").contains(".x.gguf.partial"))
      let listed = try Command.succeed("inspect", "x.gguf", in: folder).output
      #expect(listed.contains(#/mlp.down_proj +32 x 64 +4 +32 +symmetric/#))
      #expect(listed.hasSuffix("format: gguf\n"))
      // Were rows of q or k in the wrong order, the divergence would be that of another model.
      let (four, more) = (try folder.divergence("x.gguf"), try folder.divergence("y.gguf"))
      #expect(more < 1e-2 && more < four && four < 1, "\(more), \(four)")
      let verified = try Command.succeed("verify", "x.gguf", "--against", "model", in: folder)
      #expect(verified.output.contains("as they were written"))
    }
  }

  @Test(arguments: ["gemma", "gemma2", "gemma3_text"])
  func `may be a Gemma, with windows, caps and gains of its own`(type: String) throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel.gemma(type))
      let made = try Command.succeed(
        ["quantize", "model", "-o", "y.gguf"] + calibrated + ["Q8_0"], in: folder)
      #expect(made.output.contains("15 Linears lose what the report says"))
      // Random weights behind gains of up to 2.9 amplify the rounding.
      let divergence = try folder.divergence("y.gguf")
      #expect(divergence < 0.1, "\(divergence)")
      try Command.succeed("verify", "y.gguf", "--against", "model", in: folder)
    }
  }

  @Test(arguments: [
    (
      "gemma2", ["query_pre_attn_scalar": "9"],
      "expected 8, by which llama.cpp scales scores, found 9"
    ),
    (
      "gemma3_text", ["layer_types": #"["sliding_attention", "full_attention"]"#],
      "layer_types[1]: expected a window in all blocks but every sixth one, found full_attention"
    ),
    (
      "gemma3_text", ["sliding_window_pattern": "3"],
      "expected a window in all blocks but every sixth one, found 3"
    ),
  ])
  func `is refused where llama.cpp would compute a Gemma otherwise`(
    type: String, settings: [String: String], words: String
  ) throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel.gemma(type, settings))
      let outcome = try Command.start(
        ["quantize", "model", "-o", "y.gguf"] + calibrated + ["Q8_0"], in: folder
      ).finish()
      #expect(outcome.status == 1 && outcome.errors.contains(words), "\(outcome.errors)")
    }
  }

  @Test
  func `leaves no hidden folder, even if the run that made it was killed in its last instant`()
    throws
  {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel())
      let arguments = [
        "quantize", "model", "-o", "x.gguf", "--method", "rtn", "--format", "gguf",
      ]
      try Command.succeed(arguments, in: folder)
      try folder.write(".x.gguf.partial/.written", "")
      // Another file, as one of another run is.
      try folder.write(".x.gguf.partial/.result", "")
      #expect(try Command.start(arguments, in: folder).finish().status == 1)
      #expect(try folder.names().contains(".x.gguf.partial"))
      try folder.remove(".x.gguf.partial/.result")
      try FileManager.default.linkItem(
        atPath: folder.path("x.gguf"), toPath: folder.path(".x.gguf.partial/.result"))
      let outcome = try Command.start(arguments, in: folder).finish()
      #expect(
        outcome.errors == "Error: x.gguf: the output exists already; choose another --output\n")
      #expect(try !folder.names().contains(".x.gguf.partial"))
      try Command.succeed("verify", "x.gguf", in: folder)
    }
  }

  @Test func `is damaged where a byte changes`() throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel())
      try Command.succeed(
        ["quantize", "model", "-o", "x.gguf", "--method", "rtn", "--format", "gguf"], in: folder)
      var bytes = try folder.read("x.gguf")
      bytes[bytes.count - 100] ^= 1
      try folder.write("x.gguf", bytes)
      let found = try Command.start(["verify", "x.gguf"], in: folder).finish()
      #expect(
        found.status == 1 && found.output.contains("its bytes are not those that were written"))
    }
  }

  @Test func `reads text with the tokenizer in it`() throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel())
      try folder.write("text.txt", String(repeating: "abc xyz abcab ", count: 40))
      try Command.succeed(
        [
          "quantize", "model", "-o", "x.gguf", "--method", "rtn", "--format", "gguf", "--type",
          "Q8_0",
        ],
        in: folder)
      #expect(try folder.divergence("x.gguf", text: "text.txt") < 1e-2)
    }
  }

  @Test func `goes on where a run was interrupted`() throws {
    try TemporaryFolder.with { folder in
      let command = [
        "quantize", Command.tinyLlama, "--samples", "8", "--length", "128", "--calibration",
        "\(Command.tinyLlama)/calibration.txt", "--checkpoint-every", "0", "--format", "gguf",
        "--type", "Q2_K", "-o",
      ]
      try Command.succeed(command + ["whole.gguf"], in: folder)
      let run = try Command.start(command + ["x.gguf"], in: folder)
      while run.isRunning && !run.errors.contains("block 2") { usleep(1000) }
      run.signal(SIGTERM)
      #expect(run.finish().status == 143)
      #expect(try folder.names() == [".x.gguf.partial", "whole.gguf"])
      try Command.succeed(command + ["x.gguf", "--resume"], in: folder)
      #expect(try folder.names() == ["whole.gguf", "x.gguf"])
      let (whole, continued) = (
        try GGUFFile(path: folder.path("whole.gguf")), try GGUFFile(path: folder.path("x.gguf"))
      )
      #expect(Set(whole.entries.map(\.type)) == [.float32, .q2K, .q3K, .q6K])
      for (a, b) in zip(whole.entries, continued.entries) {
        #expect(a.name == b.name && whole.file.copy(a.range) == continued.file.copy(b.range))
      }
    }
  }
}

@Suite struct `GGUF files` {
  @Test(arguments: [
    (
      ["--type", "Q4_0"],
      "--format compressed-tensors has no type Q4_0; it has fp8, fp8-block, mxfp4, nvfp4."
    ),
    (
      ["--type", "Q4_0", "--format", "awq"],
      "--type needs --format compressed-tensors or gguf or bitsandbytes."
    ),
    (
      ["--type", "nvfp4", "--bits", "3"], "--bits: with --format compressed-tensors, --type decides"
    ),
    (["--format", "gguf", "--bits", "3"], "--bits: with --format gguf, --type decides"),
    (["--format", "gguf", "--group-size", "64"], "--group-size: with --format gguf"),
    (["--format", "gguf", "--symmetric"], "--symmetric and --asymmetric: with --format gguf"),
    (
      ["--format", "gguf", "--type", "Q9_9"],
      "--format gguf has no type Q9_9; it has Q2_K, Q3_K_S, Q3_K_M"
    ),
  ])
  func `have types, and nothing else decides about bits`(
    options: [String], words: String
  ) throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel())
      let outcome = try Command.start(["quantize", "model", "-o", "x.gguf"] + options, in: folder)
        .finish()
      #expect(outcome.status == 64 && outcome.errors.contains(words), "\(outcome.errors)")
    }
  }

  @Test func `need an architecture and a tokenizer that llama.cpp knows`() throws {
    try TemporaryFolder.with { folder in
      let arguments = ["quantize", "model", "-o", "x.gguf", "--method", "rtn", "--format", "gguf"]
      func refused(_ words: String) throws {
        let outcome = try Command.start(arguments, in: folder).finish()
        #expect(outcome.status == 1 && outcome.errors.contains(words), "\(outcome.errors)")
      }
      try TinyModel().write("model", in: folder)
      try refused("model/tokenizer.json: not found; a GGUF file holds the tokenizer of its model")
      try folder.write("model/tokenizer.json", #"{"model": {"type": "WordPiece"}}"#)
      try refused("model.type: expected BPE")
      var stretched = TinyModel()
      stretched.configure(
        "rope_scaling",
        #"{"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 64}"#)
      try folder.write(stretched)
      try refused("rope_scaling.rope_type: expected default, linear, llama3 or longrope")
    }
  }

  @Test func `are refused where they lie about the model`() throws {
    try TemporaryFolder.with { folder in
      try GGUFFile.write(folder.path("x.gguf"), [("general.architecture", .string("rwkv"))], []) {
        _ in []
      }
      for command in [["inspect", "x.gguf"], ["eval", "x.gguf", "--text", "x.gguf"]] {
        let outcome = try Command.start(command, in: folder).finish()
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("general.architecture is rwkv"), "\(outcome.errors)")
      }
    }
  }
}
