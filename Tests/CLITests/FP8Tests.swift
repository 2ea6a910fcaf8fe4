// Weights and inputs in floats of eight bits, from one command to the next.

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

@Suite struct `A folder in FP8` {
  @Test(arguments: [
    ("gptq", "FP8 per token"), ("rtn", "FP8 per token"), ("gptq+static", "FP8 scale 0."),
    ("smoothquant+static", "FP8 scale 0."),
  ])
  func `is quantized, listed, verified and judged`(method: String, inputs: String) throws {
    try withModel { folder in
      let made = try Command.succeed(
        ["quantize", "model", "-o", "out", "--type", "fp8", "--method", method] + calibration,
        in: folder)
      #expect(made.output.contains("Linears lose what the report says"))
      let listed = try Command.succeed("inspect", "out", in: folder).output
      #expect(listed.contains(#/8 +channel +e4m3 /#) && listed.contains(inputs))
      try Command.succeed("verify", "out", "--against", "model", in: folder)
      let config = try JSONValue(parsing: folder.read("out/config.json"))
        .member("quantization_config")
      #expect(try config.member("format").string == "float-quantized")
      let group = try config.member("config_groups").member("group_0")
      #expect(group.value["weights"]?["type"] == "float")
      let isStatic = method.hasSuffix("static")
      #expect(group.value["input_activations"]?["dynamic"] == .bool(!isStatic))
      let judged = try Command.succeed(
        "eval", "out", "--text", "text.safetensors", "--length", "32", "--reference", "model",
        "--json", in: folder)
      let divergence = try judged.json().member("kl_divergence").double
      #expect(divergence > 0 && divergence < 0.1, "\(divergence)")
    }
  }

  @Test func `may have weights of four bits, for GPUs`() throws {
    try TemporaryFolder.with { folder in
      let outcome = try Command.succeed(
        "quantize", Command.tinyLlama, "-o", "out", "--method", "rtn+fp8", "--dry-run", in: folder)
      #expect(
        outcome.output.contains("vLLM multiplies inputs in FP8 with weights of 4 bits on GPUs"))
      #expect(outcome.output.contains(#/w4afp8 g128/#))
      let narrow = try Command.succeed(
        "quantize", Command.tinyLlama, "-o", "out", "--method", "rtn+fp8", "--group-size", "32",
        "--dry-run", in: folder)
      #expect(narrow.output.contains("weights of 4 bits in groups of 128 only"))
    }
  }
}
