// Mixtures of experts in GGUF files, from one command to the next.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import TestSupport
import Testing
import Transformer

private func withMixture(
  _ format: FloatFormat = .float32, _ body: (TemporaryFolder) throws -> Void
) throws {
  try TemporaryFolder.with { folder in
    try TinyModel.mixture(format).write("model", in: folder)
    try folder.write("model/tokenizer.json", TinyModel.tokenizer)
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
    try body(folder)
  }
}

extension TemporaryFolder {
  fileprivate func quantize(_ output: String, _ options: [String]) throws {
    try Command.succeed(["quantize", "model", "-o", output] + options, in: self)
  }

  /// The divergence of a model from the original.
  fileprivate func divergence(_ name: String) throws -> Double {
    try Command.succeed(
      "eval", name, "--text", "text.safetensors", "--length", "32", "--reference", "model",
      "--json", in: self
    ).json().member("kl_divergence").double
  }

  /// The weights of a Linear of a model, as they are or as they are stored.
  fileprivate func weights(_ name: String, _ linear: String) throws -> Matrix {
    let model = try LanguageModel(ModelFolder(opening: path(name)))
    let block = try model.block(linear.contains("layers.0") ? 0 : 1)
    return block.weights.linear(linear).weight
  }
}

private let gguf = ["--format", "gguf", "--type"]

@Suite struct `A mixture in a GGUF file` {
  @Test func `has each expert at its place, and its router in 32 bits`() throws {
    try withMixture { folder in
      try folder.quantize("x.gguf", gguf + ["Q8_0", "--method", "rtn"])
      let file = try GGUFFile(path: folder.path("x.gguf"))
      let entries = Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, $0) })
      for (name, type, dimensions) in [
        ("ffn_gate_exps", GGUFType.q80, [4, 32, 32]), ("ffn_up_exps", .q80, [4, 32, 32]),
        ("ffn_down_exps", .q80, [4, 32, 32]), ("ffn_gate_inp", .float32, [4, 32]),
      ] {
        let entry = try #require(entries["blk.1.\(name).weight"])
        #expect(entry.type == type && entry.dimensions == dimensions, "\(name)")
      }
      for expert in 0..<TinyModel.expertCount {
        for part in ["gate_proj", "up_proj", "down_proj"] {
          let linear = "model.layers.1.mlp.experts.\(expert).\(part)"
          let (a, b) = (
            try folder.weights("model", linear), try folder.weights("x.gguf", linear)
          )
          let error = zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 1
          #expect(error < 0.01, "\(linear): \(error)")
        }
      }
      #expect(
        try folder.weights("x.gguf", "model.layers.0.mlp.gate")
          == folder.weights("model", "model.layers.0.mlp.gate"))
    }
  }

  @Test(arguments: ["Q4_0", "Q8_0", "IQ4_NL", "MXFP4"])
  func `is quantized, listed, verified and judged`(type: String) throws {
    try withMixture { folder in
      try folder.quantize(
        "x.gguf", gguf + [type, "--calibration", "text.safetensors", "--length", "32"])
      let divergence = try folder.divergence("x.gguf")
      // A token near the edge between two experts may go to the other one.
      #expect(divergence < (type == "Q8_0" ? 0.2 : 1), "\(divergence)")
      let listed = try Command.succeed("inspect", "x.gguf", in: folder).output
      #expect(listed.contains("mlp.experts.3.down_proj"))
      let verified = try Command.succeed("verify", "x.gguf", "--against", "model", in: folder)
      #expect(verified.output.contains("as they were written"))
    }
  }

  @Test func `has importances with a row for each expert, by which it can be quantized`() throws {
    try withMixture { folder in
      try Command.succeed(
        "imatrix", "model", "--calibration", "text.safetensors", "--length", "32", "-o", "i.gguf",
        in: folder)
      let file = try GGUFFile(path: folder.path("i.gguf"))
      func values(_ name: String) throws -> [Float] {
        let entry = try #require(file.entries.first { $0.name == name })
        #expect(entry.dimensions[0] == 4)
        return file.file.withBytes(entry.range) { FloatFormat.float32.decode($0) }
      }
      let counts = try values("blk.1.ffn_up_exps.weight.counts")
      // One expert for each token, and none for the last expert.
      #expect(counts.reduce(0, +) == 640 && counts[3] == 0 && counts[0] > 0)
      let sums = try values("blk.1.ffn_down_exps.weight.in_sum2")
      #expect(sums.count == 4 * 32 && sums.suffix(32).allSatisfy { $0 == 0 } && sums[0] > 0)
      try folder.quantize("x.gguf", gguf + ["Q4_0", "--importance", "i.gguf"])
      #expect(try folder.divergence("x.gguf") < 1)
    }
  }

  @Test func `has one type for all experts of a block where it is converted`() throws {
    try withMixture(.float16) { folder in
      for (points, type) in [("--symmetric", GGUFType.q40), ("--asymmetric", .q50)] {
        let (source, name) = ("source\(points)", "x\(points).gguf")
        try folder.quantize(
          source, ["--bits", "4", "--group-size", "32", points, "--method", "rtn"])
        try Command.succeed("convert", source, "-o", name, "--format", "gguf", in: folder)
        #expect(try folder.divergence(name) == folder.divergence(source))
        let experts = try GGUFFile(path: folder.path(name)).entries.filter {
          $0.name.contains("_exps")
        }
        #expect(experts.count == 6 && experts.allSatisfy { $0.type == type })
      }
      try Command.succeed(
        "convert", "x--symmetric.gguf", "-o", "back", "--format", "compressed-tensors", in: folder)
      #expect(try folder.divergence("back") == folder.divergence("source--symmetric"))
    }
  }

  @Test func `is refused where a tensor has other experts than the metadata`() throws {
    try withMixture { folder in
      try folder.quantize("x.gguf", gguf + ["Q4_0", "--method", "rtn"])
      let file = try GGUFFile(path: folder.path("x.gguf"))
      let metadata = file.metadata.map { pair in
        pair.key == "qwen3moe.expert_count"
          ? (pair.key, GGUFValue.uint32(3)) : (pair.key, pair.value)
      }
      let ranges = Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, $0.range) })
      try GGUFFile.write(
        folder.path("y.gguf"), metadata.map { (key: $0.0, value: $0.1) },
        file.entries.map { GGUFTensor($0.name, $0.type, $0.dimensions) }
      ) { tensor in ranges[tensor.name].map { file.file.copy($0) } ?? [] }
      let outcome = try Command.start(["inspect", "y.gguf"], in: folder).finish()
      #expect(
        outcome.errors
          == "Error: y.gguf: tensor blk.0.ffn_down_exps.weight: has the shape [4, 32, 32], not that of 3 matrices\n"
      )
    }
  }
}
