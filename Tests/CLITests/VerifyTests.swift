// What `ptq verify` finds in a folder that is not any more what was written.

import Checkpoint
import Foundation
import LinearAlgebra
import TestSupport
import Testing

@Suite struct `The command that verifies` {
  /// A quantized folder `out`, verified to begin with.
  private func withFolder(_ body: (TemporaryFolder) throws -> Void) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("model/additional_chat_templates/one.jinja", "{{ a }}")
      _ = try Command.succeed(
        "quantize", "model", "-o", "out", "--method", "rtn", "--group-size", "32", in: folder)
      let outcome = try Command.succeed("verify", "out", in: folder)
      #expect(
        outcome.output.contains(
          /^\d files of [\d ]+ bytes are as they were written\n14 quantized Linears can be read\n$/)
      )
      try body(folder)
    }
  }

  @Test func `finds every single bit that has changed`() throws {
    try withFolder { folder in
      var generator = SplitMix64(seed: 7)
      let names = try folder.names(in: "out").filter { $0 != "additional_chat_templates" }
      #expect(names.count >= 3)
      for _ in 0..<200 {
        let name = "out/\(names[Int(generator.next() % UInt64(names.count))])"
        var bytes = try folder.read(name)
        let whole = bytes
        let bit = Int(generator.next() % UInt64(8 * bytes.count))
        bytes[bit / 8] ^= 1 << (bit % 8)
        try folder.write(name, bytes)
        let path = folder.path("out")
        let manifest = try? Manifest(in: path)
        let isFound = manifest?.findings(in: path) { _, _ in }.isEmpty != true
        #expect(isFound, "bit \(bit) of \(name)")
        try folder.write(name, whole)
      }
      #expect(try Command.run("verify", "out", in: folder).status == 0)
    }
  }

  @Test func `says what is wrong with which file`() throws {
    try withFolder { folder in
      try folder.write("out/config.json", "{}")
      try folder.remove("out/additional_chat_templates/one.jinja")
      try folder.write("out/more.json", "{}")
      var weights = try folder.read("out/model.safetensors")
      weights[weights.count - 1] ^= 1
      try folder.write("out/model.safetensors", weights)
      let outcome = try Command.run("verify", "out", in: folder)
      #expect(outcome.status == 1)
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.contains { $0.hasPrefix("config.json: has 2 bytes, not ") })
      #expect(lines.contains("additional_chat_templates/one.jinja: is gone"))
      #expect(
        lines.contains {
          $0.hasPrefix("model.safetensors: its bytes are not those that were written, in model.")
        })
      #expect(lines.contains("more.json: was not there when the folder was written"))
      #expect(lines.count == 4)
    }
  }

  @Test func `finds a manifest that was made to fit`() throws {
    try withFolder { folder in
      let text = String(decoding: try folder.read("out/ptq-manifest.json"), as: UTF8.self)
      try folder.write("out/ptq-manifest.json", text.replacing(#""rtn""#, with: #""gptq""#))
      let outcome = try Command.run("verify", "out", in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.output == "ptq-manifest.json: was changed after it was written\n")
    }
  }

  @Test func `needs the model that the folder was made from`() throws {
    try withFolder { folder in
      try TinyModel(family: .qwen3).write("other", in: folder)
      var outcome = try Command.run("verify", "out", "--against", "other", in: folder)
      #expect(
        outcome.errorLines.last
          == "Error: other: has other Linears than the model that out was made from")
      #expect(outcome.status == 1)
      outcome = try Command.run("verify", "out", "--against", "out", in: folder)
      #expect(
        outcome.errorLines.last
          == "Error: out: is quantized already; start from the original model")
      #expect(outcome.status == 1)
    }
  }

  @Test func `knows that a converted folder was rotated`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.float16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try Command.succeed(
        "quantize", "model", "-o", "out", "--group-size", "32", "--method", "rotate+gptq",
        "--samples", "8", "--length", "32", "--calibration", "text.safetensors", in: folder)
      try Command.succeed(
        "convert", "out", "-o", "again", "--format", "compressed-tensors", in: folder)
      let outcome = try Command.succeed("verify", "again", "--against", "model", in: folder)
      #expect(outcome.output.contains("\n14 Linears lose what the report says"))
    }
  }

  @Test func `needs a manifest`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try Command.run("verify", "model", in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("Error: model/ptq-manifest.json: not found; without it"))
    }
  }

  @Test(arguments: ["rtn", "gptq", "awq+gptq", "smoothquant", "rotate+gptq"])
  func `computes every recorded error again`(method: String) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let size = method == "smoothquant" ? "channel" : "32"
      try Command.succeed(
        "quantize", "model", "-o", "out", "--group-size", size, "--method", method, "--samples",
        "8",
        "--length", "32", "--calibration", "text.safetensors", in: folder)
      let outcome = try Command.succeed("verify", "out", "--against", "model", in: folder)
      let line = outcome.output.split(separator: "\n").last ?? ""
      let counts = try #require(
        line.firstMatch(of: /^(\d+) Linears lose what the report says, and \d+ other/))
      let scaled = method.hasPrefix("awq") || method == "smoothquant"
      #expect(scaled ? Int(counts.1) ?? 0 >= 6 : counts.1 == "14", "\(line)")

      // Another model of the same shape is not the one that it was made from.
      try TinyModel(seed: 2).write("other", in: folder)
      let other = try Command.run("verify", "out", "--against", "other", in: folder)
      #expect(other.status == 1)
      let findings = other.output.split(separator: "\n")
      #expect(
        findings.contains("other/model.safetensors: is not what it was when the result was made"))
      #expect(
        findings.contains { $0.contains(/_proj: has a weight error of \S+, where the report says/) }
      )
    }
  }
}
