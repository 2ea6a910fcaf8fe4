// The example of a rounding outside the library, built and run as a reader would.

import Foundation
import JSON
import TestSupport
import Testing

@Suite struct `A program with a rounding of its own` {
  private static let calibration = [
    "--calibration", "\(Command.tinyLlama)/calibration.txt", "--samples", "2", "--length", "64",
  ]

  private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Outcome {
    let outcome = try Running(
      Command.executable("custom-solver"), arguments, in: folder
    ).finish()
    try #require(outcome.status == 0, "\(outcome.errors)")
    return outcome
  }

  @Test func `lists the rounding in its help`() throws {
    try TemporaryFolder.with { folder in
      let help = try run(["help", "compare"], in: folder).output
      #expect(help.contains("descent: coordinate descent from round to nearest"))
      #expect(help.contains("gptq:"))
    }
  }

  @Test func `shows the rounding in its table`() throws {
    try TemporaryFolder.with { folder in
      let table = try run(
        [
          "compare", Command.tinyLlama, "--layers", "0", "--modules", "o_proj", "--group-sizes",
          "64",
        ]
          + ["--methods", "rtn,descent,awq+descent"] + Self.calibration, in: folder
      ).output
      for word in ["rtn", "descent", "awq+descent"] { #expect(table.contains(word)) }
    }
  }

  @Test func `solves for offsets and tables of levels as well`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("w.npy", RawNumPy.file(.heavyTailed(24, 64, scale: 0.02, seed: 1)))
      try folder.write("x.npy", RawNumPy.file(.activations(tokens: 200, channels: 64, seed: 2)))
      let report = try run(
        ["layer", "--weights", "w.npy", "--activations", "x.npy", "--methods", "rtn,descent"]
          + ["--grids", "integer,offset,nf4", "--group-sizes", "32", "--json"], in: folder
      ).json()
      let errors = try report.member("candidates").array.map {
        try #require(try $0.member("linears").array.first).member("calibration_error").double
      }
      try #require(errors.count == 6)
      for grid in 0..<3 {
        #expect(errors[2 * grid + 1] > 0 && errors[2 * grid + 1] < 0.9 * errors[2 * grid])
      }
    }
  }

  @Test func `loses less of the output than round to nearest, its starting point`() throws {
    try TemporaryFolder.with { folder in
      let errors = try ["rtn", "descent"].map { method in
        let report = try run(
          ["quantize", Command.tinyLlama, "-o", method, "--method", method, "--bits", "3"]
            + ["--group-size", "64", "--json"] + Self.calibration, in: folder
        ).json()
        // The Linears of the first stage, whose input no quantization has changed.
        return try report.member("linears").array.prefix(3).map {
          try $0.member("calibration_error").double
        }
      }
      #expect(errors[0].count == 3)
      for (nearest, descent) in try pairs(errors[0], errors[1]) {
        #expect(descent > 0 && descent < 0.9 * nearest)
      }
    }
  }
}
