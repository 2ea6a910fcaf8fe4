// Options that change nothing are said, since whoever gave them expected something.

import TestSupport
import Testing

private let cases: [(options: [String], warning: String)] = [
  (["--alpha", "0.7"], "--alpha has no effect with gptq: it needs the method smoothquant"),
  (["--method", "rtn", "--order", "natural"], "--order has no effect with rtn"),
  (["--method", "rtn", "--damping", "0.1"], "--damping has no effect with rtn"),
  (["--observer", "entropy"], "--observer has no effect with gptq: it needs the method static"),
  (["--outliers", "top:2"], "--outliers has no effect with gptq: it needs the method outliers"),
  (["--asymmetric-activations"], "--asymmetric-activations has no effect with gptq"),
  (["--method", "gptq+clip", "--range", "min-max"], "--range has no effect with gptq+clip"),
  (["--bits", "3"], "--bits is given more than once, and the last one counts"),
]

@Suite struct `An option without an effect` {
  @Test(arguments: cases)
  func `is said`(options: [String], warning: String) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let base = [
        "quantize", "model", "-o", "out", "--group-size", "32", "--bits", "4", "--length", "32",
        "--samples", "4",
        "--calibration", "text.safetensors",
      ]
      let outcome = try Command.succeed(base + options, in: folder)
      #expect(outcome.errors.contains("warning: \(warning)"), "\(outcome.errors)")
    }
  }

  @Test func `is one about a text where there is none`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try Command.succeed(
        "quantize", "model", "-o", "out", "--group-size", "32", "--method", "rtn", "--samples", "4",
        "--correction", "0.5", in: folder)
      #expect(outcome.errors.contains("warning: --samples has no effect without --calibration\n"))
      #expect(
        outcome.errors.contains(
          "warning: --correction has no effect with rtn: it needs a calibration text\n"))
    }
  }
}
