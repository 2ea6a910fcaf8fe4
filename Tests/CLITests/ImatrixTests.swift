// The importances for llama-quantize, against sums of squares of the inputs themselves.

import Checkpoint
import JSON
import LinearAlgebra
import TestSupport
import Testing

private func withModel(_ body: (TemporaryFolder) throws -> Void) throws {
  try TemporaryFolder.with { folder in
    try TinyModel(.float32).write("model", in: folder)
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
    try body(folder)
  }
}

private let command = ["imatrix", "model", "--calibration", "text.safetensors", "--length", "32"]

extension GGUFFile {
  /// The elements of a tensor of floats.
  fileprivate func floats(_ name: String) throws -> [Float] {
    let entry = try #require(entries.first { $0.name == name })
    return file.withBytes(entry.range) { FloatFormat.float32.decode($0) }
  }
}

@Suite struct `An importance file` {
  @Test func `has the squares of every input, and the number of tokens`() throws {
    try withModel { folder in
      let made = try Command.succeed(command + ["-o", "i.gguf"], in: folder)
      #expect(made.output == "written to i.gguf, from 640 tokens\n")
      let file = try GGUFFile(path: folder.path("i.gguf"))
      #expect(file.entries.count == 2 * 14)
      #expect(file["imatrix.chunk_count"]?.int == 20 && file["imatrix.chunk_size"]?.int == 32)
      #expect(try file.floats("blk.1.ffn_down.weight.counts") == [640])
      // The first input follows from the embedding alone: normalized rows, times the gain.
      let model = try ModelFolder(path: folder.path("model"))
      let embedding = try model.matrix("model.embed_tokens.weight", rows: 64, columns: 32)
      let gain = try model.floats("model.layers.0.input_layernorm.weight", dimensions: [32])
      var expected = [Float](repeating: 0, count: 32)
      for token in TinyModel.tokens(640, seed: 2) {
        let row = (0..<32).map { embedding[Int(token), $0] }
        let meanSquare = row.reduce(0) { $0 + $1 * $1 } / 32
        for j in 0..<32 {
          expected[j] += row[j] * row[j] / (meanSquare + 1e-5) * gain[j] * gain[j]
        }
      }
      for name in ["attn_q", "attn_k", "attn_v"] {
        for (sum, value) in zip(try file.floats("blk.0.\(name).weight.in_sum2"), expected) {
          #expect(abs(sum / value - 1) < 1e-4)
        }
      }
    }
  }

  @Test func `is told as JSON, and not written over another file`() throws {
    try withModel { folder in
      let made = try Command.succeed(
        command + ["-o", "i.gguf", "--windows", "3", "--json"], in: folder)
      #expect(try made.json().member("tokens").int == 96)
      let again = try Command.start(command + ["-o", "i.gguf"], in: folder).finish()
      #expect(again.status == 1 && again.errors.contains("the output exists already"))
    }
  }

  @Test func `is refused for a model of which llama.cpp has no such file`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      var model = TinyModel(.float32)
      model.configure("model_type", "\"arcee\"")
      model.configure("hidden_act", "\"relu2\"")
      model.tensors.removeAll { $0.name.contains("gate_proj") }
      try model.write("model", in: folder)
      let outcome = try Command.start(command + ["-o", "i.gguf"], in: folder).finish()
      #expect(outcome.status == 1 && outcome.errors.contains("of which GGUF files are written"))
    }
  }
}
