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
        "--method", "matryoshka", "--group-size", "32", in: folder)
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
        let told = try Command.succeed(
          "convert", "nested", "-o", name, "--format", format, "--bits", "\(bits)", in: folder)
        #expect(told.output.contains(", the upper \(bits) bits of each code kept, "))
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

  @Test(arguments: [
    (["--bits", "5"], "these are of 5 bits"),
    (["--asymmetric"], "these are of 8 bits with zero points"),
    (["--bits", "ternary"], "these leave out the lowest code of 2 bits"),
    (["--type", "mxfp4"], "these are levels of a table (e2m1)"),
  ])
  func `needs codes that have slices, which is known at once`(
    options: [String], reason: String
  ) throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.float16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let isFixed = options.contains("--type")
      let outcome = try Command.start(
        [
          "quantize", "model", "-o", "out", "--calibration", "text.safetensors", "--length", "32",
          "--method", "matryoshka", "--dry-run",
        ] + (isFixed ? [] : ["--group-size", "32"]) + options, in: folder
      ).finish()
      #expect(
        outcome.status == 1
          && outcome.errors.contains(
            "matryoshka needs symmetric codes, or such with floating-point offsets, of 4, 6 or 8 bits; \(reason)"
          ), "\(outcome.errors)")
    }
  }

  @Test func `gets bits by a budget from those that have slices`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.float16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let search = [
        "quantize", "model", "-o", "out", "--calibration", "text.safetensors", "--length", "32",
        "--method", "matryoshka", "--group-size", "32", "--bits-budget", "5",
      ]
      let refused = try Command.start(search + ["--bits-choices", "4,5"], in: folder).finish()
      #expect(refused.status == 1 && refused.errors.contains("these are of 5 bits"))
      try Command.succeed(search + ["--save-bits-plan", "plan.json"], in: folder)
      let plan = try JSONValue(parsing: folder.read("plan.json")).field.member("bits").members
      #expect(try Set(plan.map { try $0.field.int }).isSubset(of: [4, 6, 8]))
    }
  }

  @Test(arguments: [
    (
      ["--bits", "4"], "5", "has codes of 4 bits; at least 2, and fewer than there are, can be kept"
    ),
    (["--bits", "ternary"], "2", "leaves out its lowest code, as ternary weights do"),
    (["--bits", "8", "--asymmetric"], "4", "which is none of the codes that are left"),
  ])
  func `says why codes of others have none`(
    options: [String], bits: String, reason: String
  ) throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.float16).write("model", in: folder)
      try Command.succeed(
        ["quantize", "model", "-o", "base", "--method", "rtn", "--group-size", "32"] + options,
        in: folder)
      let outcome = try Command.start(
        ["convert", "base", "-o", "out", "--format", "compressed-tensors", "--bits", bits],
        in: folder
      ).finish()
      // As many bits as there are is all of them.
      #expect(outcome.status == (options.last == "ternary" ? 0 : 1))
      #expect(outcome.errors.contains(reason) == (options.last != "ternary"), "\(outcome.errors)")
    }
  }
}
