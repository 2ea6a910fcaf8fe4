// Scales of keys and values: stored, read back, and felt by whoever judges the result.

import Checkpoint
import JSON
import LinearAlgebra
import TestSupport
import Testing

private let calibrated = [
  "--calibration", "text.safetensors", "--length", "32", "--group-size", "32", "--preset", "fast",
]

private func withModel(_ body: (TemporaryFolder) throws -> Void) throws {
  try TemporaryFolder.with { folder in
    try TinyModel(.bfloat16).write("model", in: folder)
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
    try body(folder)
  }
}

private func divergence(of result: String, in folder: TemporaryFolder) throws -> Double {
  let judged = try Command.succeed(
    "eval", result, "--text", "text.safetensors", "--length", "32", "--reference", "model",
    "--json", in: folder)
  return try judged.json().member("kl_divergence").double
}

private func scale(_ name: String, of result: String, in folder: TemporaryFolder) throws -> Float {
  try ModelFolder(path: folder.path(result)).floats(
    "model.layers.0.self_attn.\(name)", dimensions: [1])[0]
}

@Suite struct `The scales of keys and values` {
  @Test func `are stored beside any method, and their rounding is measured`() throws {
    try withModel { folder in
      try Command.succeed(["quantize", "model", "-o", "plain"] + calibrated, in: folder)
      let plain = try divergence(of: "plain", in: folder)
      for (kind, type) in [("fp8", "float"), ("int8", "int")] {
        try Command.succeed(
          ["quantize", "model", "-o", kind] + calibrated + ["--kv-cache", kind], in: folder)
        let config = try JSONValue(parsing: folder.read("\(kind)/config.json"))
          .member("quantization_config").member("kv_cache_scheme")
        #expect(try config.member("type").string == type)
        #expect(config.value["dynamic"] == false && config.value["strategy"] == "tensor")
        #expect(try divergence(of: kind, in: folder) != plain)
        try Command.succeed("verify", kind, "--against", "model", in: folder)
      }
      // Both reach as far: 448 steps of one are 127 of the other.
      for name in ["k_scale", "v_scale"] {
        let (float, integer) = (
          try scale(name, of: "fp8", in: folder), try scale(name, of: "int8", in: folder)
        )
        #expect(abs(448 * float / (127 * integer) - 1) < 1e-6 && float > 0)
      }
    }
  }

  @Test func `are those of the finished block, whose values took up factors of a scaled input`()
    throws
  {
    try withModel { folder in
      let scaled = calibrated + ["--kv-cache", "fp8", "--samples", "8"]
      try Command.succeed(
        ["quantize", "model", "-o", "scaled", "--method", "awq+gptq"] + scaled, in: folder)
      try Command.succeed(["quantize", "model", "-o", "plain"] + scaled, in: folder)
      let (value, other) = (
        try scale("v_scale", of: "scaled", in: folder),
        try scale("v_scale", of: "plain", in: folder)
      )
      #expect(value != other)
      // What is judged is what an engine computes: with scales that are too small, much would be cut off.
      let (found, without) = (
        try divergence(of: "scaled", in: folder), try divergence(of: "plain", in: folder)
      )
      #expect(found < 1.5 * without)
    }
  }

  @Test(arguments: [
    (["--format", "gptq"], "--kv-cache needs --format compressed-tensors."),
    (
      ["--method", "rtn"],
      "the scales of keys and values need a calibration text; give --calibration FILE"
    ),
  ])
  func `are refused where there can be none`(options: [String], words: String) throws {
    try withModel { folder in
      let outcome = try Command.start(
        ["quantize", "model", "-o", "out", "--group-size", "32", "--kv-cache", "fp8"] + options,
        in: folder
      ).finish()
      #expect(outcome.status != 0 && outcome.errors.contains(words), "\(outcome.errors)")
    }
  }

  @Test func `are not lost on the way to another format`() throws {
    try withModel { folder in
      try Command.succeed(
        ["quantize", "model", "-o", "out"] + calibrated + ["--kv-cache", "fp8"], in: folder)
      let outcome = try Command.start(
        ["convert", "out", "-o", "other", "--format", "gptq"], in: folder
      ).finish()
      #expect(
        outcome.errors.contains("has scales for its keys and values (kv_cache_scheme), which gptq"))
    }
  }

  @Test func `in integers are for others than vLLM`() throws {
    try withModel { folder in
      let outcome = try Command.succeed(
        ["quantize", "model", "-o", "out"] + calibrated + ["--kv-cache", "int8", "--dry-run"],
        in: folder)
      #expect(
        outcome.output.contains("vLLM keeps keys and values in 8 bits as floats, not as integers"))
    }
  }

  @Test(arguments: [
    (
      #"{"num_bits": 8, "type": "float", "strategy": "token", "dynamic": true}"#,
      "one symmetric, static"
    ),
    (#"{"num_bits": 4, "type": "float"}"#, "expected 4-bit floats in local groups"),
    (#"{"num_bits": 8, "type": "int", "symmetric": false}"#, "one symmetric, static"),
  ])
  func `of another kind are refused`(scheme: String, words: String) throws {
    try withModel { folder in
      try Command.succeed(
        ["quantize", "model", "-o", "out"] + calibrated + ["--kv-cache", "fp8"], in: folder)
      var config = try JSONValue(parsing: folder.read("out/config.json"))
      var quantization = try config.member("quantization_config").value
      try quantization.setMember("kv_cache_scheme", to: JSONValue(parsing: Array(scheme.utf8)))
      try config.setMember("quantization_config", to: quantization)
      try folder.write("out/config.json", config.text())
      let outcome = try Command.start(["inspect", "out"], in: folder).finish()
      #expect(outcome.status == 1 && outcome.errors.contains(words), "\(outcome.errors)")
    }
  }
}
