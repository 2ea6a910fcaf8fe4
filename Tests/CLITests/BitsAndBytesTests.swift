// Folders for bitsandbytes, from one command to the next.

import Foundation
import JSON
import TestSupport
import Testing

private let model = Command.tinyLlama

private let calibrated = [
  "--calibration", "\(model)/calibration.txt", "--samples", "4", "--length", "64", "--ignore",
  "layers.0,layers.1,layers.2,layers.3", "--format", "bitsandbytes",
]

@Suite struct `A folder for bitsandbytes` {
  @Test(arguments: ["nf4+double", "nf4", "fp4+double", "fp4"], ["fast", "balanced", "best"])
  func `is quantized, listed, verified and judged`(type: String, preset: String) throws {
    try TemporaryFolder.with { folder in
      let made = try Command.succeed(
        ["quantize", model, "-o", "out", "--type", type, "--preset", preset] + calibrated,
        in: folder)
      #expect(made.output.contains("7 Linears lose what the report says"))
      let listed = try Command.succeed("inspect", "out", in: folder).output
      #expect(listed.hasSuffix("format: bitsandbytes\n"))
      try Command.succeed("verify", "out", "--against", model, in: folder)
      let divergence = try Command.succeed(
        "eval", "out", "--text", "\(model)/heldout.txt", "--length", "128", "--windows", "2",
        "--reference", model, "--json", in: folder
      ).json().member("kl_divergence").double
      #expect(divergence < (type.hasPrefix("nf4") ? 0.02 : 0.04))
      let bits = try JSONValue(parsing: folder.read("out/ptq-report.json")).member(
        "bits_per_weight"
      )
      .double
      // The tables of levels take some bytes of each Linear as well.
      let expected = type.hasSuffix("double") ? 4.13 : 4.5
      #expect(bits >= expected && bits < expected + 0.1)
      let config = try JSONValue(parsing: folder.read("out/config.json"))
        .member("quantization_config")
      #expect(try config.member("bnb_4bit_quant_type").string == type.prefix(3))
      #expect(config.value["bnb_4bit_use_double_quant"] == .bool(type.hasSuffix("double")))
    }
  }

  @Test(arguments: ["mxfp4", "nvfp4"], ["fast", "balanced", "best"])
  func `has company in compressed-tensors`(type: String, preset: String) throws {
    try TemporaryFolder.with { folder in
      let made = try Command.succeed(
        ["quantize", model, "-o", "out"] + calibrated.dropLast(2) + [
          "--type", type, "--preset", preset,
        ], in: folder)
      #expect(made.output.contains("7 Linears lose what the report says"))
      try Command.succeed("verify", "out", "--against", model, in: folder)
      let bits = try JSONValue(parsing: folder.read("out/ptq-report.json"))
        .member("bits_per_weight").double
      // NVFP4 has another scale for each Linear.
      #expect(type == "mxfp4" ? bits == 4.25 : bits > 4.5 && bits < 4.51)
      let listed = try Command.succeed("inspect", "out", in: folder).output
      #expect(listed.hasSuffix("format: compressed-tensors\n"))
    }
  }

  @Test func `may be mixed with integers`() throws {
    try TemporaryFolder.with { folder in
      let options = ["quantize", model] + calibrated.dropLast(2)
      try Command.succeed(options + ["-o", "base", "--group-size", "64"], in: folder)
      let again = ["-o", "out", "--base", "base", "--redo", "down_proj", "--type", "nvfp4"]
      try Command.succeed(options + again, in: folder)
      let listed = try Command.succeed("inspect", "out", in: folder).output
      #expect(listed.contains(#/4.mlp.down_proj .* 16 +e2m1/#))
      #expect(listed.contains(#/4.mlp.up_proj .* 64 +symmetric/#))
      try Command.succeed("verify", "out", "--against", model, in: folder)
    }
  }

  @Test func `is converted to nothing else`() throws {
    try TemporaryFolder.with { folder in
      try Command.succeed(["quantize", model, "-o", "out"] + calibrated, in: folder)
      let outcome = try Command.start(
        ["convert", "out", "-o", "other", "--format", "compressed-tensors"], in: folder
      ).finish()
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.hasSuffix(
          """
          Error: model.layers.4.self_attn.q_proj: has the levels of nf4, which no other format stores; quantize the \
          original model to the format

          """), "\(outcome.errors)")
    }
  }

  @Test func `needs rows that blocks of 64 columns fill`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try Command.start(
        ["quantize", "model", "-o", "out", "--method", "rtn", "--format", "bitsandbytes"],
        in: folder
      ).finish()
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.hasSuffix(
          "the format has groups of 64 columns, which do not fill the input width 32; use --format "
            + "compressed-tensors\n"), "\(outcome.errors)")
    }
  }
}
