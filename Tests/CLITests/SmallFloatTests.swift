// Weights by block, and inputs in floats of four bits, from one command to the next.

import JSON
import LinearAlgebra
import TestSupport
import Testing

private let calibration = ["--calibration", "text.safetensors", "--length", "32"]

private func withModel(_ body: (TemporaryFolder) throws -> Void) throws {
  try TemporaryFolder.with { folder in
    try TinyModel(.bfloat16).write("model", in: folder)
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
    try body(folder)
  }
}

@Suite struct `A folder of small floats` {
  @Test(arguments: [
    ("nvfp4", "gptq+nvfp4", "tensor_group", "NVFP4 per 16, divisor "),
    ("nvfp4", "smoothquant+nvfp4", "tensor_group", "NVFP4 per 16, divisor "),
    ("mxfp4", "rtn+mxfp4", "group", "MXFP4 per 32"),
    ("mxfp4", "cd+mxfp4", "group", "MXFP4 per 32"),
  ])
  func `with rounded inputs is quantized, listed, verified and judged`(
    type: String, method: String, strategy: String, inputs: String
  ) throws {
    try withModel { folder in
      let made = try Command.succeed(
        ["quantize", "model", "-o", "out", "--type", type, "--method", method] + calibration,
        in: folder)
      #expect(made.output.contains("Linears lose what the report says"))
      let listed = try Command.succeed("inspect", "out", in: folder).output
      #expect(listed.contains("e2m1") && listed.contains(inputs))
      try Command.succeed("verify", "out", "--against", "model", in: folder)
      let group = try JSONValue(parsing: folder.read("out/config.json"))
        .member("quantization_config").member("config_groups").member("group_0")
      #expect(group.value["input_activations"]?["strategy"] == .string(strategy))
      let options = [
        "--text", "text.safetensors", "--length", "32", "--reference", "model", "--json",
      ]
      try Command.succeed(
        ["quantize", "model", "-o", "plain", "--type", type, "--method", "rtn"] + calibration,
        in: folder)
      // Rounding inputs shows.
      let rounded = try Command.succeed(["eval", "out"] + options, in: folder).json()
        .member("kl_divergence").double
      let plain = try Command.succeed(["eval", "plain"] + options, in: folder).json()
        .member("kl_divergence").double
      #expect(rounded > plain && rounded < 2, "\(rounded), \(plain)")
    }
  }

  @Test(arguments: ["gptq", "rtn", "cd", "awq+gptq", "gptq+clip", "gptq+fp8"])
  func `by block is quantized, listed, verified and judged`(method: String) throws {
    try TemporaryFolder.with { folder in
      let made = try Command.succeed(
        "quantize", Command.tinyLlama, "-o", "out", "--type", "fp8-block", "--method", method,
        "--calibration", "\(Command.tinyLlama)/calibration.txt", "--samples", "4", in: folder)
      #expect(made.output.contains("Linears lose what the report says"))
      let listed = try Command.succeed("inspect", "out", in: folder).output
      #expect(listed.contains(#/8 +128x128 +e4m3 +FP8 per 128/#))
      let judged = try Command.succeed(
        "eval", "out", "--text", "\(Command.tinyLlama)/heldout.txt", "--windows", "8",
        "--reference", Command.tinyLlama, "--json", in: folder)
      let divergence = try judged.json().member("kl_divergence").double
      #expect(divergence > 0 && divergence < 0.01, "\(divergence)")
    }
  }

  @Test(arguments: [
    (
      ["--type", "nvfp4", "--method", "gptq+mxfp4"],
      "multiplies floats of 4 bits with inputs in the same floats, or in 16 bits, only"
    ),
    (["--method", "gptq+nvfp4", "--group-size", "32"], "use --type nvfp4"),
    (["--type", "fp8-block"], "groups of 128, which do not fill the input width 32"),
    (["--type", "fp8", "--group-size", "64"], "--type decides how weights are stored"),
    (
      ["--type", "fp8", "--method", "gptq+int8"],
      "multiplies weights in FP8 with inputs in FP8, not with other numbers"
    ),
    (
      ["--type", "fp8", "--method", "static", "--observer", "entropy"],
      "--observer entropy places integers; with inputs in FP8 give min-max, moving-average or "
    ),
    (["--method", "int8+fp8"], #""int8" and "fp8" decide about the same thing"#),
    (
      ["--method", "gptq+fp8", "--group-size", "32", "--bits", "8"],
      "or with symmetric ones of 4 bits, only; use --type fp8"
    ),
    (
      ["--type", "nvfp4", "--method", "nvfp4", "--observer", "entropy"],
      "with inputs in NVFP4 give min-max, moving-average or percentile:P"
    ),
  ])
  func `is refused where inputs and weights do not go together`(
    options: [String], words: String
  ) throws {
    try withModel { folder in
      let outcome = try Command.start(
        ["quantize", "model", "-o", "out"] + options + calibration, in: folder
      ).finish()
      #expect(outcome.status != 0)
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
  }
}
