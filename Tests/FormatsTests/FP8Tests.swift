// The 8-bit floats of compressed-tensors, and weights of 4 bits beside rounded inputs. The fixtures were made by
// compressed-tensors 0.19.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let format = CompressedTensorsFormat(.fp8)
private let byToken = ActivationScheme(floatsBy: .token)
private let fixed = ActivationQuantizer(
  ActivationScheme(floatsBy: .tensor), grid: ActivationGrid(scale: 0.0375))

private func fixture(_ name: String) throws -> ModelFolder {
  let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
  return try ModelFolder(path: root.appendingPathComponent(name).path)
}

@Suite struct `Floats of eight bits` {
  @Test(arguments: [Scheme.Granularity.channel, .tensor], [ActivationQuantizer(byToken), fixed])
  func `are read back identically`(
    granularity: Scheme.Granularity, activations: ActivationQuantizer
  ) throws {
    let linear = LinearShape(name: "model.layers.0.up_proj", rows: 7, columns: 37)
    let scheme = try Scheme(bits: 8, points: .table(.e4m3), granularity: granularity)
    let weight = try quantized(linear, scheme, format, scales: .bfloat16)
    try TemporaryFolder.with { folder in
      let model = try folder.store(
        weight, linear, format, scales: .bfloat16, activations: activations)
      let read = try model.decodeLinear(linear)
      #expect(read.weight == weight)
      #expect(read.activations == activations)
      let names = model.tensors.map { String($0.name.dropFirst(linear.name.count + 1)) }
      let input = activations.grid == nil ? [] : ["input_scale"]
      #expect(names.sorted() == input + ["weight", "weight_scale"])
    }
  }

  @Test(arguments: ["fp8", "fp8-static"])
  func `mean what they mean to compressed-tensors, and are written byte for byte`(
    name: String
  ) throws {
    let folder = try fixture(name)
    let linear = LinearShape(name: "p", rows: 16, columns: 64)
    let read = try folder.decodeLinear(linear)
    let golden = try folder.matrix("golden", rows: 16, columns: 64)
    #expect(read.weight.dequantized() == golden)
    #expect(read.activations == (name == "fp8" ? ActivationQuantizer(byToken) : fixed))
    let layout = format.layout(of: linear, read.scheme, scales: .float32)
    for (tensor, bytes) in zip(layout, format.encode(read, scales: .float32)) {
      let stored = try #require(folder.tensor(tensor.name))
      #expect(stored.shape == tensor.shape, "\(tensor.name)")
      // The sign of a zero is not kept.
      #expect(stored.bytes.map { $0 == 0x80 && tensor.name == "p.weight" ? 0 : $0 } == bytes)
    }
  }

  @Test func `have codes in the order of E4M3`() throws {
    let values: [Float] = [0, 0x1p-9, 0x1p-6, 1, 1.125, 448, -448, -1]
    let weights = Matrix(rows: 1, columns: 8, elements: values)
    let scheme = try #require(format.standardScheme)
    let rule = GridRule(range: .minMax, encoding: format.encoding(scales: .float32))
    let weight = QuantizedWeight(
      nearest: weights, on: try rule.grid(for: weights, scheme: scheme))
    let bytes = format.encode(
      QuantizedLinear(weight, activations: ActivationQuantizer(byToken)), scales: .float32)
    #expect(bytes[0] == [0, 1, 0x08, 0x38, 0x39, 0x7e, 0xfe, 0xb8])
    #expect(bytes[1] == [0, 0, 0x80, 0x3f])
  }

  @Test(arguments: [
    ("weight", "I8", [2, 4], [UInt8](repeating: 0, count: 8), "has type I8; F8_E4M3 is needed"),
    ("weight", "F8_E4M3", [2, 4], [0, 0, 0, 0x7f, 0, 0, 0, 0], "holds a NaN"),
    ("weight", "F8_E4M3", [2, 3], [0, 0, 0, 0, 0, 0], "has shape [2, 3]"),
    ("weight_scale", "F32", [3, 1], [UInt8](repeating: 0, count: 12), "calls for 2 elements"),
  ])
  func `are refused where a tensor is another one`(
    part: String, type: String, shape: [Int], bytes: [UInt8], words: String
  ) throws {
    let linear = LinearShape(name: "p", rows: 2, columns: 4)
    let weight = QuantizedLinear(
      try quantized(linear, try #require(format.standardScheme), format),
      activations: ActivationQuantizer(byToken))
    let layout = format.layout(of: linear, weight.scheme, scales: .float32)
    let tensors = zip(layout, format.encode(weight, scales: .float32)).map { tensor, own in
      tensor.name == "p.\(part)"
        ? RawSafetensors.Tensor(tensor.name, type, shape, bytes)
        : RawSafetensors.Tensor(
          tensor.name, tensor.shape.type.rawValue, tensor.shape.dimensions, own)
    }
    let config: JSONValue = [
      "quantization_config": format.configuration(of: weight.scheme, provenance: nil)
    ]
    try TemporaryFolder.with { folder in
      let model = try folder.open(tensors, config: config.text())
      expectFailure(words) { try model.decode(linear) }
    }
  }

  @Test func `are loaded beside inputs in floats alone`() throws {
    let linear = LinearShape(name: "p", rows: 64, columns: 128)
    let weights = try #require(format.standardScheme)
    func verdicts(_ inputs: ActivationScheme?) -> [EngineVerdict] {
      EngineRules.verdicts(on: linear, LinearScheme(weights, activations: inputs), in: format)
    }
    #expect(verdicts(byToken).allSatisfy { $0.objection == nil })
    #expect(verdicts(fixed.scheme).map { $0.objection == nil } == [false, true])
    #expect(verdicts(fixed.scheme).allSatisfy { !$0.isRefusal })
    #expect(verdicts(nil).map { $0.objection == nil } == [false, true])
    let integers = ActivationScheme(granularity: .token, symmetric: true)
    #expect(verdicts(integers).allSatisfy { $0.isRefusal })
  }
}

@Suite struct `Weights of four bits beside rounded inputs` {
  @Test(arguments: [byToken, ActivationScheme(granularity: .token, symmetric: true)])
  func `are packed, and read back with what becomes of inputs`(inputs: ActivationScheme) throws {
    let format = CompressedTensorsFormat()
    let linear = LinearShape(name: "p", rows: 6, columns: 256)
    let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(128))
    let weight = try quantized(linear, scheme, format)
    try TemporaryFolder.with { folder in
      let model = try folder.store(
        weight, linear, format, activations: ActivationQuantizer(inputs))
      #expect(model.tensor("p.weight_packed")?.shape == TensorShape(.int32, [6, 32]))
      let read = try model.decodeLinear(linear)
      #expect(read.weight == weight && read.activations == ActivationQuantizer(inputs))
    }
  }

  @Test func `are for GPUs, and in vLLM in groups of 128 where inputs are floats`() throws {
    let format = CompressedTensorsFormat()
    let linear = LinearShape(name: "p", rows: 64, columns: 256)
    func verdicts(
      _ inputs: ActivationScheme, _ size: Int = 128, bits: Int = 4, symmetric: Bool = true
    ) throws -> [EngineVerdict] {
      let weights = try Scheme(bits: bits, symmetric: symmetric, granularity: .group(size))
      return EngineRules.verdicts(
        on: linear, LinearScheme(weights, activations: inputs), in: format)
    }
    let integers = ActivationScheme(granularity: .token, symmetric: true)
    for inputs in [byToken, integers] {
      let found = try verdicts(inputs)
      #expect(found.map { $0.objection == nil } == [false, true])
      #expect(!found[0].isRefusal)
      let refused = try verdicts(inputs, symmetric: false) + verdicts(inputs, bits: 3)
      #expect(refused.allSatisfy { $0.isRefusal })
    }
    let loaded = try verdicts(integers, 64)
    #expect(loaded.allSatisfy { !$0.isRefusal })
    #expect(try verdicts(byToken, 64).map(\.isRefusal) == [true, false])
    let refused = try verdicts(fixed.scheme)
    #expect(refused.allSatisfy { $0.isRefusal })
  }
}
