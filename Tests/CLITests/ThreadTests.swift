// The number of threads decides only how long a run takes: neither the bundling of windows nor the
// division of products depends on it.

import Foundation
import LinearAlgebra
import TestSupport
import Testing

/// A run: its model, its method, and the number and length of its windows.
private struct Case: Sendable, CustomTestStringConvertible {
  let isMixture: Bool
  let method: String
  let length: Int
  let samples: Int
  var engine = ProductEngine.float32

  var testDescription: String {
    "\(method), \(samples) windows of \(length) tokens\(isMixture ? ", a mixture" : "")"
      + ", \(engine)"
  }
}

private let cases = [
  // One bundle of windows, none of which ends at a multiple of 256 rows.
  Case(isMixture: false, method: "gptq", length: 37, samples: 8),
  // Three bundles of 55 windows; the last one has fewer.
  Case(isMixture: false, method: "awq+gptq", length: 37, samples: 128),
  // Five bundles of many short windows.
  Case(isMixture: false, method: "awq+clip", length: 3, samples: 2800),
  // Windows of which 16 fill a bundle exactly.
  Case(isMixture: false, method: "smoothquant+static", length: 128, samples: 33),
  Case(isMixture: true, method: "awq+gptq", length: 37, samples: 128),
  Case(isMixture: false, method: "awq-output", length: 37, samples: 60),
  Case(isMixture: false, method: "gptq", length: 37, samples: 70, engine: .bfloat16),
  Case(isMixture: true, method: "awq+gptq", length: 37, samples: 70, engine: .bfloat16),
].filter { $0.engine.problem == nil }

@Suite struct `The number of threads of a run` {
  @Test(arguments: cases)
  private func `changes no byte of the output`(case: Case) throws {
    try TemporaryFolder.with { folder in
      try (`case`.isMixture ? TinyModel.mixture() : TinyModel()).write("model", in: folder)
      let count = (`case`.samples + `case`.samples / 8) * `case`.length
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(count, seed: 2)))
      let scheme =
        `case`.method.hasPrefix("smoothquant") ? [] : ["--group-size", "32", "--bits", "3"]
      var outputs: [[String: [UInt8]]] = []
      for threads in 1...3 {
        let outcome = try Command.start(
          ["quantize", "model", "-o", "\(threads)", "--method", `case`.method]
            + ["--calibration", "text.safetensors", "--threads", "\(threads)"]
            + ["--compute", `case`.engine.rawValue]
            + ["--length", "\(`case`.length)", "--samples", "\(`case`.samples)"] + scheme,
          in: folder
        ).finish()
        try #require(outcome.status == 0, "\(outcome.errors)")
        outputs.append(try folder.contents(of: "\(threads)"))
      }
      #expect(outputs[0].keys.contains("model.safetensors") && outputs[0].count == 4)
      #expect(outputs[1] == outputs[0])
      #expect(outputs[2] == outputs[0])
    }
  }

  @Test func `changes no digit of a comparison`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(5000, seed: 2)))
      let tables = try (1...3).map { threads in
        let json = try Command.succeed(
          "compare", "model", "--calibration", "text.safetensors", "--text", "text.safetensors",
          "--length", "37", "--methods", "rtn,gptq,awq+gptq,int8+outliers", "--group-sizes", "32",
          "--threads", "\(threads)", "--json", in: folder
        ).output
        return json.replacing(/"seconds": [^,\n]*/, with: "")
      }
      #expect(tables[0].contains("perplexity"))
      #expect(tables[1] == tables[0])
      #expect(tables[2] == tables[0])
    }
  }
}
