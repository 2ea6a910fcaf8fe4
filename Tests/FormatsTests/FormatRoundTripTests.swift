import Checkpoint
import Formats
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `Stored weights are read back identically` {
  @Test(arguments: Scheme.every([.channel, .group(16), .group(64)]), FloatFormat.allCases)
  func `by compressed-tensors`(scheme: Scheme, scales: FloatFormat) throws {
    let format = CompressedTensorsFormat()
    let linear = LinearShape(name: "model.layers.0.up_proj", rows: 6, columns: 64)
    let weight = try quantized(linear, scheme, format, scales: scales)
    try TemporaryFolder.with { folder in
      let model = try folder.store(weight, linear, format, scales: scales)
      #expect(try model.decode(linear) == weight)
    }
  }

  @Test(arguments: Scheme.every(bits: [2, 3, 4, 8], [.channel, .group(32), .group(8)]))
  func `by GPTQ`(scheme: Scheme) throws {
    let format = GPTQFormat()
    let linear = LinearShape(name: "h.0.mlp", rows: 64, columns: 96)
    let weight = try quantized(linear, scheme, format)
    try TemporaryFolder.with { folder in
      let read = try folder.store(weight, linear, format).decode(linear)
      #expect(read == weight)
    }
  }

  @Test(arguments: Scheme.every(bits: [4], [.channel, .group(32), .group(8), .group(3)]))
  func `by AWQ`(scheme: Scheme) throws {
    let format = AWQFormat()
    let linear = LinearShape(name: "h.0.mlp", rows: 40, columns: 96)
    let weight = try quantized(linear, scheme, format)
    try TemporaryFolder.with { folder in
      let read = try folder.store(weight, linear, format).decode(linear)
      #expect(read == weight)
    }
  }

  @Test(
    arguments: [Scheme.Granularity.channel, .tensor],
    [
      .token(symmetric: true), .token(symmetric: false),
      .tensor(ActivationGrid(scale: 0.0371), symmetric: true),
      .tensor(ActivationGrid(scale: 1e-3, zeroPoint: -128), symmetric: false),
    ] as [ActivationQuantizer])
  func `together with the rounding of their inputs`(
    granularity: Scheme.Granularity, activations: ActivationQuantizer
  ) throws {
    let format = CompressedTensorsFormat()
    let linear = LinearShape(name: "model.layers.0.up_proj", rows: 7, columns: 33)
    let scheme = try Scheme(bits: 8, symmetric: true, granularity: granularity)
    for scales in FloatFormat.allCases {
      let weight = try quantized(linear, scheme, format, scales: scales)
      try TemporaryFolder.with { folder in
        let model = try folder.store(
          weight, linear, format, scales: scales, activations: activations)
        let read = try model.decodeLinear(linear)
        #expect(read == QuantizedLinear(weight, activations: activations))
      }
    }
  }

  @Test(arguments: Scheme.every([.channel, .group(3), .group(11)]))
  func `for shapes that do not fill words`(scheme: Scheme) throws {
    let format = CompressedTensorsFormat()
    for rows in [1, 7, 37] {
      let linear = LinearShape(name: "x", rows: rows, columns: 33)
      let weight = try quantized(linear, scheme, format)
      try TemporaryFolder.with { folder in
        let read = try folder.store(weight, linear, format).decode(linear)
        #expect(read == weight)
      }
    }
  }

  @Test(arguments: [4, 8], [true, false])
  func `with one scale of the whole tensor repeated for each row`(
    bits: Int, symmetric: Bool
  ) throws {
    let scheme = try Scheme(bits: bits, symmetric: symmetric, granularity: .tensor)
    let formats = CheckpointFormats.all.filter {
      !($0 is MLXFormat) && $0.standardScheme == nil
    }
    for format in formats where bits == 4 || !(format is AWQFormat) {
      let linear = LinearShape(name: "x", rows: 32, columns: 32)
      let weight = try quantized(linear, scheme, format)
      try TemporaryFolder.with { folder in
        let read = try folder.store(weight, linear, format).decode(linear)
        #expect(read.codes == weight.codes && read.dequantized() == weight.dequantized())
        #expect(read.grid.scheme.granularity == .channel)
      }
    }
  }

  @Test func `every code and every zero point survives`() throws {
    for format in CheckpointFormats.all
    where !format.storesOffsets && format.standardScheme == nil {
      let scheme = try Scheme(bits: 4, symmetric: false, granularity: .channel)
      let linear = LinearShape(name: "x", rows: 16, columns: 16)
      let zeros = (0..<16).map { UInt8(max(format.smallestZeroPoint, $0)) }
      let scales = Matrix(rows: 16, columns: 1) { row, _ in Float(row + 1) / 16 }
      let weight = QuantizedWeight(
        rows: 16, columns: 16,
        grid: Grid(scheme: scheme, groupSize: 16, scales: scales, zeroPoints: zeros),
        codes: (0..<256).map { UInt8(($0 + $0 / 16) % 16) })
      try TemporaryFolder.with { folder in
        let read = try folder.store(weight, linear, format).decode(linear)
        #expect(read == weight)
      }
    }
  }
}
