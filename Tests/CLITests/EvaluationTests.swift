// How well a model predicts before and after quantization, as the command reports it.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import TestSupport
import Testing

private let heldOut = "\(Command.tinyLlama)/heldout.txt"

/// The perplexity of a folder, as `ptq eval --json` prints it.
private func perplexity(
  _ model: String, _ text: String, windows: Int, length: Int, in folder: TemporaryFolder
) throws -> Double {
  let result = try Command.succeed(
    "eval", model, "--text", text, "--windows", "\(windows)", "--length", "\(length)", "--json",
    in: folder
  ).json()
  #expect(try result.member("windows").int == windows)
  #expect(try result.member("length").int == length)
  #expect(try result.member("tokens").int == windows * (length - 1))
  let logarithm = try result.member("mean_log_probability").double
  let value = try result.member("perplexity").double
  #expect(abs(value - exp(-logarithm)) < 1e-9 * value)
  return value
}

/// The KL divergence of a folder's predictions from those of the model that it was made from.
private func divergence(
  _ model: String, from reference: String, windows: Int, length: Int, in folder: TemporaryFolder
) throws -> Double {
  try Command.succeed(
    "eval", model, "--reference", reference, "--text", heldOut, "--windows", "\(windows)",
    "--length", "\(length)", "--json", in: folder
  ).json().member("kl_divergence").double
}

/// The mean of an error over all Linears of a report.
private func meanError(_ name: String, _ report: JSONValue) throws -> Double {
  let errors = try report.member("linears").array.map { try $0.member(name).double }
  return errors.reduce(0, +) / Double(errors.count)
}

@Suite struct `A quantized model` {
  @Test func `predicts unseen text nearly as well, and better with GPTQ than by rounding`() throws {
    try TemporaryFolder.with { folder in
      var (errors, divergences): ([Double], [Double]) = ([], [])
      var perplexities = [
        try perplexity(Command.tinyLlama, heldOut, windows: 40, length: 256, in: folder)
      ]
      for method in ["gptq", "rtn"] {
        let report = try Command.succeed(
          "quantize", Command.tinyLlama, "-o", method, "--method", method, "--bits", "3",
          "--group-size", "64", "--calibration", "\(Command.tinyLlama)/calibration.txt",
          "--samples", "32", "--length", "256", "--json", in: folder
        ).json()
        errors.append(try meanError("held_out_error", report))
        perplexities.append(try perplexity(method, heldOut, windows: 40, length: 256, in: folder))
        divergences.append(
          try divergence(method, from: Command.tinyLlama, windows: 40, length: 256, in: folder))
      }
      // GPTQ saves much of the error on tokens that no solver saw, and of the divergence. The perplexities of so few
      // tokens do not rank methods: another processor's sums move each by more than they differ.
      #expect(errors[0] < 0.7 * errors[1], "\(errors)")
      let (dense, gptq, rtn) = (perplexities[0], perplexities[1], perplexities[2])
      #expect(25 < dense && dense < 40, "\(dense)")
      #expect(abs(gptq / dense - 1) < 0.02, "\(gptq) of \(dense)")
      #expect(abs(rtn / dense - 1) < 0.05, "\(rtn) of \(dense)")
      #expect(divergences[0] < 0.8 * divergences[1], "\(divergences)")
    }
  }

  @Test func `predicts the same in both formats when their scales are the same`() throws {
    try TemporaryFolder.with { folder in
      // Scales are float16 in both formats: one takes the weights' type, the other is always float16.
      try TinyModel(.float16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      var found: [Double] = []
      for format in ["compressed-tensors", "gptq"] {
        try Command.succeed(
          "quantize", "model", "-o", format, "--format", format, "--group-size", "32",
          "--calibration", "text.safetensors", "--length", "32", in: folder)
        found.append(
          try perplexity(format, "text.safetensors", windows: 20, length: 32, in: folder))
      }
      let dense = try perplexity("model", "text.safetensors", windows: 20, length: 32, in: folder)
      #expect(found[0] == found[1])
      #expect(found[0] != dense)
    }
  }

  @Test func `is scored the same on a text and on records`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("a.txt", "And God said, Let there be light: and there was light.\n")
      try folder.write(
        "a.jsonl",
        #"{"text": "And God said, Let there be light: and there was light.\n", "id": 1}"# + "\r\n")
      let lines = try ["a.txt", "a.jsonl"].map { text in
        try Command.succeed(
          "eval", Command.tinyLlama, "--text", text, "--length", "8", in: folder
        ).output
      }
      #expect(lines[0] == lines[1])
      #expect(
        lines[0].contains(/^perplexity \d+\.\d{4}  mean log-probability -\d+\.\d{5}  windows/))
      #expect(lines[0].hasSuffix("  windows 1 x 8  predicted tokens 7\n"))
    }
  }
}
