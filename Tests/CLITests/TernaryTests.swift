// Ternary weights: solved on three points, and stored as integers of two bits that every reader knows.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let calibrated = [
  "--calibration", "text.safetensors", "--length", "32", "--bits", "ternary",
]

private func withModel(_ body: (TemporaryFolder) throws -> Void) throws {
  try TemporaryFolder.with { folder in
    try TinyModel(.float16).write("model", in: folder)
    try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
    try body(folder)
  }
}

@Suite struct `Ternary weights` {
  @Test(arguments: ["compressed-tensors", "gptq", "mlx"])
  func `are integers of two bits in a file`(format: String) throws {
    try withModel { folder in
      let made = try Command.succeed(
        ["quantize", "model", "-o", "out", "--format", format, "--group-size", "32"] + calibrated,
        in: folder)
      #expect(made.output.contains("2 bits") || made.output.contains("bits per weight"))
      // Its weights differ by about half, and there is still much of every row.
      #expect(!made.output.contains("hardly anything is left"))
      try Command.succeed("verify", "out", "--against", "model", in: folder)
      let result = try ModelFolder(path: folder.path("out"))
      let codec = try #require(try CheckpointFormats.all.format(of: result))
      let shape = LinearShape(name: "model.layers.0.mlp.up_proj", rows: 64, columns: 32)
      let weight = try codec.decode(shape, in: result, try #require(result.quantization)).weight
      #expect(weight.grid.scheme.bits == 2 && weight.grid.scheme.isSymmetric)
      #expect(Set(weight.codes) == [1, 2, 3])
    }
  }

  @Test func `of BitNet's rule have the mean magnitude as their scale`() throws {
    try withModel { folder in
      try Command.succeed(
        [
          "quantize", "model", "-o", "out", "--method", "rtn", "--range", "abs-mean",
          "--group-size",
          "tensor",
        ] + calibrated, in: folder)
      let result = try ModelFolder(path: folder.path("out"))
      let shape = LinearShape(name: "model.layers.1.mlp.down_proj", rows: 32, columns: 64)
      let weight = try CompressedTensorsFormat().decode(
        shape, in: result, try #require(result.quantization)
      ).weight
      let original = try ModelFolder(path: folder.path("model")).matrix(
        "\(shape.name).weight", rows: 32, columns: 64)
      let mean = original.elements.reduce(0.0) { $0 + Double(abs($1)) } / Double(32 * 64)
      let scale = FloatFormat.float16.rounded(Float(mean))
      #expect(weight.grid.scales.elements.allSatisfy { $0 == scale })
      for (code, value) in zip(weight.codes, original.elements) {
        let nearest = max(-1, min(1, (value / scale).rounded(.toNearestOrEven)))
        #expect(Float(code) - 2 == nearest)
      }
    }
  }

  @Test(arguments: [
    (
      ["--bits", "ternary", "--asymmetric"],
      "--bits ternary: the points are -1, 0 and 1, which are symmetric integers."
    ),
    (["--range", "abs-mean"], "--range abs-mean is for --bits ternary."),
  ])
  func `are not mixed with what they are not`(options: [String], words: String) throws {
    try withModel { folder in
      let outcome = try Command.start(["quantize", "model", "-o", "out"] + options, in: folder)
        .finish()
      #expect(outcome.status != 0 && outcome.errors.contains(words), "\(outcome.errors)")
    }
  }
}

@Suite struct `A narrow range` {
  @Test(arguments: [2, 3, 8])
  func `reaches as far on both sides, and is the same in a file`(bits: Int) throws {
    let scheme = try Scheme(bits: bits, points: .symmetric, granularity: .group(16), isNarrow: true)
    let weights = Matrix(rows: 4, columns: 32) { i, j in Float((i * 37 + j * 101) % 89) / 50 - 0.9 }
    let rule = GridRule(range: .minMax, scaleFormat: .float32)
    let narrow = QuantizedWeight(nearest: weights, on: try rule.grid(for: weights, scheme: scheme))
    let stored = QuantizedLinear(narrow).widened.weight
    #expect(
      stored.grid.scheme == (try Scheme(bits: bits, symmetric: true, granularity: .group(16))))
    #expect(stored.dequantized() == narrow.dequantized())
    #expect(stored.codes.min() == 1)
    // The largest magnitude of a group is a point.
    for row in 0..<4 {
      for group in 0..<2 {
        let values = (16 * group..<16 * group + 16).map { weights[row, $0] }
        let largest = try #require(values.max { abs($0) < abs($1) })
        let points = (16 * group..<16 * group + 16).map { narrow.dequantized()[row, $0] }
        #expect(points.contains { abs($0 - largest) <= 1e-6 })
      }
    }
  }
}
