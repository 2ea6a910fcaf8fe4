// Nested codes: one result, and folders of fewer bits that are made of it.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `A result with nested codes` {
  private func withResult(_ body: (TemporaryFolder) throws -> Void) throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.float16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try Command.succeed(
        "quantize", "model", "-o", "nested", "--calibration", "text.safetensors", "--length", "32",
        "--method", "matryoshka", "--bits", "8", "--group-size", "32", in: folder)
      try body(folder)
    }
  }

  @Test func `has a folder in its upper bits`() throws {
    try withResult { folder in
      try Command.succeed("verify", "nested", "--against", "model", in: folder)
      let shape = LinearShape(name: "model.layers.0.mlp.gate_proj", rows: 64, columns: 32)
      func weight(_ name: String) throws -> [UInt8] {
        let result = try ModelFolder(path: folder.path(name))
        let codec = try #require(try CheckpointFormats.all.format(of: result))
        return try codec.decode(shape, in: result, try #require(result.quantization)).weight.codes
      }
      let whole = try weight("nested")
      var divergences: [Double] = []
      for (bits, format) in [(4, "gptq"), (2, "compressed-tensors")] {
        let name = "nested-\(bits)"
        try Command.succeed(
          "convert", "nested", "-o", name, "--format", format, "--bits", "\(bits)", in: folder)
        let cut = 8 - bits
        #expect(
          try weight(name)
            == whole.map { UInt8(min((Int($0) + 1 << (cut - 1)) >> cut, 1 << bits - 1)) })
        // The report has the errors of all bits.
        #expect(
          try ModelFolder(path: folder.path(name)).companionFiles.contains("ptq-report.json")
            == false)
        try Command.succeed("verify", name, in: folder)
        let judged = try Command.succeed(
          "eval", name, "--text", "text.safetensors", "--length", "32", "--reference", "model",
          "--json", in: folder)
        divergences.append(try judged.json().field.member("kl_divergence").double)
      }
      #expect(divergences[0] < divergences[1])
    }
  }

  @Test func `in mlx has folders of mlx, with the embedding as it was`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.bfloat16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try Command.succeed(
        "quantize", "model", "-o", "nested", "--calibration", "text.safetensors", "--length", "32",
        "--method", "matryoshka", "--bits", "8", "--group-size", "32", "--format", "mlx", in: folder
      )
      var divergences: [Double] = []
      for bits in ["4", "2"] {
        try Command.succeed(
          "convert", "nested", "-o", bits, "--format", "mlx", "--bits", bits, in: folder)
        let result = try ModelFolder(path: folder.path(bits))
        let statement = result.configuration["quantization"]
        #expect(statement?["bits"]?.text() == bits)
        #expect(statement?["model.embed_tokens"]?["bits"] == 8)
        let source = try ModelFolder(path: folder.path("nested"))
        let scales = "model.embed_tokens.scales"
        #expect(
          try result.matrix(scales, rows: 64, columns: 1)
            == source.matrix(scales, rows: 64, columns: 1))
        let judged = try Command.succeed(
          "eval", bits, "--text", "text.safetensors", "--length", "32", "--reference", "model",
          "--json", in: folder)
        divergences.append(try judged.json().field.member("kl_divergence").double)
      }
      #expect(divergences[0] < divergences[1])
    }
  }

  @Test func `has no folder of as many bits or more`() throws {
    try withResult { folder in
      let outcome = try Command.start(
        ["convert", "nested", "-o", "out", "--format", "gptq", "--bits", "9"], in: folder
      ).finish()
      #expect(outcome.status == 64 && outcome.errors.contains("--bits 9: the upper bits"))
    }
  }

  @Test func `needs codes that have slices`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.float16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let outcome = try Command.start(
        [
          "quantize", "model", "-o", "out", "--calibration", "text.safetensors", "--length", "32",
          "--method", "matryoshka", "--bits", "5", "--group-size", "32",
        ], in: folder
      ).finish()
      #expect(
        outcome.status == 1 && outcome.errors.contains("matryoshka needs symmetric codes"),
        "\(outcome.errors)")
    }
  }
}
