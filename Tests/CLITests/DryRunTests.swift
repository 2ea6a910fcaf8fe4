// What a run would do, before it does anything.

import Foundation
import JSON
import TestSupport
import Testing

private let command = [
  "quantize", Command.tinyLlama, "--group-size", "64", "--samples", "8", "--length", "128",
  "--calibration", "\(Command.tinyLlama)/calibration.txt", "--dry-run",
]

@Suite struct `A dry run` {
  @Test func `says what would be stored, what it needs and who loads it`() throws {
    try TemporaryFolder.with { folder in
      let outcome = try Command.succeed(
        command + ["-o", "out", "--ignore", "layers.0"], in: folder)
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.contains { $0.contains(/^model\.layers\.\*\.mlp\.down_proj +4 .* w4 g64$/) })
      #expect(
        lines.contains { $0.hasPrefix("stays dense: embeddings, norms, head, and model.layers.*") })
      #expect(lines.contains("loads in: vLLM, transformers"))
      for start in ["disk: ", "memory: about ", "time: about "] {
        #expect(lines.contains { $0.hasPrefix(start) }, "\(start)")
      }
      #expect(try folder.names().isEmpty)
    }
  }

  @Test func `says how much is stored to the byte`() throws {
    try TemporaryFolder.with { folder in
      let output = try Command.succeed(command + ["-o", "out", "--json"], in: folder).output
      let forecast = try JSONValue(parsing: Array(output.utf8))
      try Command.succeed(command.dropLast() + ["-o", "out"], in: folder)
      // The header is all that is not a tensor.
      let size = try folder.read("out/model.safetensors")
      let header = size.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      #expect(try forecast.member("output_bytes").int == size.count - 8 - header)
      #expect(try forecast.member("linears").array.count == 35)
    }
  }

  @Test(arguments: [
    (["-o", "out", "--bits", "5", "--format", "gptq"], "no engine would load this as gptq"),
    (["-o", "/etc/hostname/out"], "/etc/hostname: creating a folder in it"),
    (["-o", "out", "--group-size", "7"], "group size 7 does not divide"),
  ])
  func `fails where the run would`(arguments: [String], message: String) throws {
    try TemporaryFolder.with { folder in
      let outcome = try Command.start(command + arguments, in: folder).finish()
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains(message), "\(outcome.errors)")
      #expect(try folder.names().isEmpty)
    }
  }
}
