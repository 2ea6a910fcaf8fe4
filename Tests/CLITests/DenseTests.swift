// Linears that stay as they are: because the user says so, or because no codes can be found for them.

import Checkpoint
import Foundation
import JSON
import LinearAlgebra
import TestSupport
import Testing

private let attention = ["q_proj", "k_proj", "v_proj"].map { "model.layers.1.self_attn.\($0)" }

/// Calibration on the tokens that `write` stores.
private let common = [
  "quantize", "model", "-o", "out", "--group-size", "32", "--calibration", "text.safetensors",
  "--samples", "8", "--length", "32",
]

extension TemporaryFolder {
  /// Writes a model and tokens.
  fileprivate func write(_ model: TinyModel) throws {
    try model.write("model", in: self)
    try write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
  }

  /// The bytes of a tensor in a model folder; nil where it is not there.
  fileprivate func tensor(_ name: String, of model: String) throws -> [UInt8]? {
    try ModelFolder(path: path(model)).tensor(name)?.withBytes { span in
      unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
    }
  }
}

@Suite struct `Linears that stay dense` {
  @Test(
    arguments: ["compressed-tensors", "gptq", "awq", "mlx"], ["rtn", "awq+gptq", "rotate+gptq"])
  func `are chosen by parts of their names`(format: String, method: String) throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel(.float16))
      let arguments =
        common + ["--format", format, "--method", method, "--ignore", "layers.1.*.v_proj,up_proj"]
      let zeros = format == "awq" ? ["--asymmetric"] : []
      let outcome = try Command.succeed(arguments + zeros, in: folder)
      // With v go q and k, and with up goes gate: 14 − 3 − 2 · 2.
      #expect(outcome.output.contains("\n7 Linears, "))
      let result = try ModelFolder(path: folder.path("out"))
      for name in attention + ["model.layers.0.mlp.gate_proj", "model.layers.1.mlp.up_proj"] {
        #expect(result.tensor("\(name).weight")?.shape.type == .float16, "\(name)")
        let isUnchanged =
          try folder.tensor("\(name).weight", of: "out")
          == folder.tensor("\(name).weight", of: "model")
        // AWQ may find no factors that help.
        if method != "awq+gptq" { #expect(isUnchanged == (method == "rtn"), "\(name)") }
        let configuration = result.configuration["quantization_config"]?.text(.compact) ?? ""
        #expect(
          configuration.contains(name) || configuration.contains(name.replacing(".", with: #"\\."#))
        )
      }
      let perplexity = { (model: String) in
        let output = try Command.succeed(
          "eval", model, "--text", "text.safetensors", "--length", "32", "--json", in: folder
        ).output
        return try JSONValue(parsing: Array(output.utf8)).member("perplexity").double
      }
      let (before, after) = (try perplexity("model"), try perplexity("out"))
      #expect(abs(after / before - 1) < 0.3, "\(before) \(after)")
    }
  }

  @Test(arguments: [
    (
      "nothing",
      "nothing: no Linear of the decoder blocks has such a name; one of them is "
        + "model.layers.0.mlp.down_proj"
    ),
    ("layers", "every Linear would stay dense, and nothing would be quantized"),
  ])
  func `have to be some, and not all`(pattern: String, message: String) throws {
    try TemporaryFolder.with { folder in
      try folder.write(TinyModel())
      let outcome = try Command.start(common + ["--ignore", pattern], in: folder).finish()
      #expect(outcome.errors == "Error: \(message)\n")
      #expect(outcome.status == 1)
    }
  }

  @Test(arguments: ["gptq", "awq+gptq"])
  func `are those that fail, if they may`(method: String) throws {
    try TemporaryFolder.with { folder in
      var model = TinyModel()
      // A scale that binary16 cannot hold.
      model.replace("model.layers.1.self_attn.k_proj.weight") { tensor in
        .init(
          tensor.name, "F32", [16, 32], RawSafetensors.bytes([Float](repeating: 1e7, count: 512)))
      }
      try folder.write(model)
      let command = common + ["--format", "gptq", "--method", method]
      let stopped = try Command.start(command, in: folder).finish()
      #expect(stopped.status == 1)
      #expect(
        stopped.errors.contains(/Error: model\.layers\.1\.self_attn\.[qk]_proj: the scale of row/))
      #expect(try folder.names() == ["model", "text.safetensors"])

      let kept = command + ["--on-failure", "keep-dense", "--checkpoint-every", "0"]
      let outcome = try Command.succeed(kept, in: folder)
      #expect(outcome.errors.contains("; 3 Linears stay dense"))
      #expect(outcome.output.contains("\n11 Linears, "))
      #expect(
        outcome.output.contains(
          /\n3 Linears stay dense, since quantizing failed: model\.layers\.1\.self_attn\.[qk]_proj: the scale/
        ))
      let result = try ModelFolder(path: folder.path("out"))
      #expect(result.tensor("model.layers.1.self_attn.k_proj.qweight") == nil)
      for name in attention {
        let (now, was) = (
          try folder.tensor("\(name).weight", of: "out"),
          try folder.tensor("\(name).weight", of: "model")
        )
        #expect(now != nil && (now == was || method == "awq+gptq"), "\(name)")
      }
      let report = try JSONValue(parsing: folder.read("out/ptq-report.json"))
      #expect(try report.member("unquantized").array.count == 3)
      try Command.succeed("verify", "out", in: folder)

      // Stopped as soon as the failure is known, and continued.
      let run = try Command.start(kept.map { $0 == "out" ? "again" : $0 }, in: folder)
      while run.isRunning && !run.errors.contains("stay dense") { usleep(200) }
      run.signal(SIGKILL)
      _ = run.finish()
      if try !folder.names().contains("again") {
        try Command.succeed(kept.map { $0 == "out" ? "again" : $0 }, in: folder)
      }
      #expect(try folder.contents(of: "again") == folder.contents(of: "out"))
      try Command.succeed(
        "eval", "out", "--text", "text.safetensors", "--length", "32", in: folder)
    }
  }
}
