// The example of a family outside the library, built and run as a reader would.

import Checkpoint
import Foundation
import JSON
import TestSupport
import Testing

@Suite struct `A program with a family of its own` {
  private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/jais2").path

  private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Outcome {
    let outcome = try Running(Command.executable("custom-family"), arguments, in: folder).finish()
    try #require(outcome.status == 0, "\(outcome.errors)")
    return outcome
  }

  /// Writes the longest golden window as a file of tokens.
  ///
  /// - Returns: the mean log-probability of the next tokens by the logits of transformers.
  private func golden(in folder: TemporaryFolder) throws -> Double {
    let file = try SafetensorsFile(path: "\(Self.model)/golden.safetensors")
    let tokens = try #require(file.integers("input_ids.64")).map { Int32($0) }
    let logits = try #require(file.floats("logits.64"))
    try #require(tokens.count == 64 && logits.count == 64 * 96)
    try folder.write("tokens.safetensors", TinyModel.tokenFile(tokens))
    let logProbabilities = (0..<63).map { row -> Double in
      let values = logits[row * 96..<(row + 1) * 96].map(Double.init)
      return values[Int(tokens[row + 1])] - log(values.reduce(0) { $0 + exp($1) })
    }
    return logProbabilities.reduce(0, +) / 63
  }

  @Test func `predicts what transformers predicts`() throws {
    try TemporaryFolder.with { folder in
      let expected = try golden(in: folder)
      let found = try run(
        ["eval", Self.model, "--text", "tokens.safetensors", "--length", "64", "--json"],
        in: folder
      ).json().member("mean_log_probability").double
      #expect(abs(found - expected) < 1e-5, "\(found), not \(expected)")
    }
  }

  @Test(arguments: ["rtn", "gptq", "awq+gptq"])
  func `quantizes a model of the family, with an error for every Linear`(method: String) throws {
    try TemporaryFolder.with { folder in
      let dense = try golden(in: folder)
      let report = try run(
        ["quantize", Self.model, "-o", "out", "--method", method, "--bits", "8"]
          + ["--group-size", "16", "--calibration", "tokens.safetensors", "--length", "16"]
          + ["--json"], in: folder
      ).json()
      let linears = try report.member("linears").array
      #expect(linears.count == 2 * 6)
      for linear in linears {
        #expect(try linear.member("calibration_error").double < 1e-3)
      }
      let found = try run(
        ["eval", "out", "--text", "tokens.safetensors", "--length", "64", "--json"], in: folder
      ).json().member("mean_log_probability").double
      #expect(abs(found - dense) < 0.05 && found != dense)
    }
  }

  @Test func `is the only one that knows the family`() throws {
    try TemporaryFolder.with { folder in
      let outcome = try Command.run("inspect", Self.model, in: folder)
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.contains(#"the architecture "jais2" is not supported"#))
    }
  }
}
