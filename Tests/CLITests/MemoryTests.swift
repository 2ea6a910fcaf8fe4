// The memory that a run may take, from the command line.

import JSON
import TestSupport
import Testing

private let command = [
  "quantize", "model", "--calibration", "text.safetensors", "--length", "32", "--group-size", "32",
]

@Suite struct `A memory budget` {
  private func withModel(_ body: (TemporaryFolder) throws -> Void) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(6400, seed: 2)))
      try body(folder)
    }
  }

  @Test func `sends hidden states to a file, says so, and changes nothing`() throws {
    try withModel { folder in
      let planned = try Command.succeed(command + ["-o", "out", "--dry-run", "--json"], in: folder)
        .json()
      #expect(try planned.member("scratch_bytes").int == 0)
      let most = try planned.member("memory_bytes").int
      let budget = ["--memory-budget", "\(Double(most - 1000) / 1e6)MB"]
      let told = try Command.succeed(command + ["-o", "out", "--dry-run"] + budget, in: folder)
        .output
      #expect(told.contains(#/and, while the run lasts, \d+ MB of hidden states/#))
      #expect(told.contains("hidden states in a file"))
      let run = try Command.succeed(command + ["-o", "out"] + budget, in: folder)
      #expect(run.output.contains(#/; memory peaked at \d+ MB/#))
      try Command.succeed(command + ["-o", "other"], in: folder)
      #expect(try folder.read("out/model.safetensors") == folder.read("other/model.safetensors"))
    }
  }

  @Test(arguments: [
    ("1MB", 1, "a memory budget of 1 MB is too small"),
    ("1KiB", 1, "a memory budget of 0 MB is too small"),
    ("12 parsecs", 64, "The value '12 parsecs' is invalid for '--memory-budget"),
    ("-3GB", 64, "--memory-budget"), ("12", 64, "--memory-budget"),
    ("nanGB", 64, "--memory-budget"),
    ("1e30", 64, "--memory-budget"),
  ])
  func `is refused where it is none, or too small for anything`(
    size: String, status: Int, words: String
  ) throws {
    try withModel { folder in
      let outcome = try Command.start(
        command + ["-o", "out", "--memory-budget", size], in: folder
      ).finish()
      #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome.errors)")
    }
  }

  @Test(arguments: ["1GB", "1g", "1.5 GiB", "900 MB", "2000000000B", "1T"])
  func `may have units`(size: String) throws {
    try withModel { folder in
      try Command.succeed(
        command + ["-o", "out", "--dry-run", "--memory-budget", size], in: folder)
    }
  }
}
