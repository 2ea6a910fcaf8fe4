// Texts that say next to nothing: every preset must give a folder that can be verified, and errors that are
// numbers, or refuse the text with a reason.

import JSON
import TestSupport
import Testing

/// A text as tokens, with the length of its windows.
private struct PoorText: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let tokens: [Int32]
  let length: Int
}

private let texts = [
  PoorText(
    testDescription: "the same token throughout", tokens: [Int32](repeating: 7, count: 640),
    length: 32),
  PoorText(
    testDescription: "nothing but padding", tokens: [Int32](repeating: 0, count: 640), length: 32),
  PoorText(testDescription: "a single window", tokens: TinyModel.tokens(32, seed: 1), length: 32),
  PoorText(testDescription: "windows of two tokens", tokens: [3, 4, 5, 6], length: 2),
  PoorText(testDescription: "a single token", tokens: [3], length: 1),
]

@Suite struct `A text that says next to nothing` {
  @Test(arguments: ["fast", "balanced", "best"], texts)
  private func `gives true numbers with every preset`(preset: String, text: PoorText) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(text.tokens))
      try Command.succeed(
        "quantize", "model", "-o", "out", "--preset", preset, "--group-size", "32", "--calibration",
        "text.safetensors", "--length", "\(text.length)", in: folder)
      let report = try JSONValue(parsing: folder.read("out/ptq-report.json"))
      let linears = try report.member("linears").array
      #expect(linears.count == 14)
      for linear in linears {
        let weight = try linear.member("weight_error").double
        #expect(weight > 0 && weight < 1)
        for name in ["calibration_error", "held_out_error", "model_output_error"] {
          guard let error = try linear.optionalMember(name)?.double else { continue }
          #expect(error >= 0, "\(name)")
        }
        // A model of random weights keeps some activity in every channel.
        #expect(try linear.member("calibration_error").double > 0)
      }
      try Command.succeed("verify", "out", in: folder)
    }
  }
}
