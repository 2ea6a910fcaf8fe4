// The 4-bit floats of compressed-tensors. The fixtures were made by compressed-tensors 0.19.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let floats: [CompressedTensorsType] = [.mxfp4, .nvfp4]

private func fixture(_ name: String) throws -> ModelFolder {
  let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
  return try ModelFolder(path: root.appendingPathComponent(name).path)
}

@Suite struct `Floats of four bits` {
  @Test(arguments: floats, FloatFormat.allCases)
  func `are read back identically`(type: CompressedTensorsType, weights: FloatFormat) throws {
    let format = CompressedTensorsFormat(type)
    let linear = LinearShape(name: "model.layers.0.up_proj", rows: 7, columns: 192)
    let weight = try quantized(
      linear, try #require(format.standardScheme), format, scales: weights)
    try TemporaryFolder.with { folder in
      let model = try folder.store(weight, linear, format, scales: weights)
      #expect(try model.decode(linear) == weight)
      let names = model.tensors.map { String($0.name.dropFirst(linear.name.count + 1)) }
      let global = type == .nvfp4 ? ["weight_global_scale"] : []
      #expect(names.sorted() == global + ["weight_packed", "weight_scale"])
    }
  }

  @Test(arguments: [CompressedTensorsType.mxfp4, .nvfp4])
  func `mean what they mean to compressed-tensors`(type: CompressedTensorsType) throws {
    let folder = try fixture(type.rawValue)
    let weight = try folder.decode(LinearShape(name: "p", rows: 16, columns: 64))
    let golden = try folder.matrix("golden", rows: 16, columns: 64)
    for (value, meant) in zip(weight.dequantized().elements, golden.elements) {
      // The package decodes to bfloat16, in which the powers of two of MXFP4 are exact.
      #expect(abs(value - meant) <= (type == .mxfp4 ? 0 : abs(meant) / 128))
    }
    #expect(weight.dequantized().elements.contains { $0 != 0 })
  }

  @Test func `are written byte for byte`() throws {
    let folder = try fixture("mxfp4")
    let linear = LinearShape(name: "p", rows: 16, columns: 64)
    let read = try folder.decodeLinear(linear)
    let format = CompressedTensorsFormat(.mxfp4)
    let layout = format.layout(of: linear, read.scheme, scales: .float32)
    for (tensor, bytes) in zip(layout, format.encode(read, scales: .float32)) {
      let stored = try #require(folder.tensor(tensor.name))
      #expect(stored.shape == tensor.shape, "\(tensor.name)")
      // The sign of a zero is not kept.
      let isCode = tensor.name.hasSuffix("packed")
      let kept = isCode ? stored.bytes.map(\.withoutNegativeZeros) : stored.bytes
      #expect(kept == bytes)
    }
  }

  @Test func `have codes in the order of OCP`() throws {
    let format = CompressedTensorsFormat(.mxfp4)
    let values: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.5, -1, -1.5, -2, -3, -4, -6, 0.5]
    let weights = Matrix(rows: 1, columns: 32) { values[$1 % 16] }
    let rule = GridRule(range: .minMax, encoding: format.encoding(scales: .float32))
    let grid = try rule.grid(for: weights, scheme: try #require(format.standardScheme))
    let linear = QuantizedLinear(QuantizedWeight(nearest: weights, on: grid))
    let bytes = format.encode(linear, scales: .float32)
    let codes: [UInt8] = [0x10, 0x32, 0x54, 0x76, 0xa9, 0xcb, 0xed, 0x1f]
    #expect(bytes == [codes + codes, [127]])
  }

  @Test(arguments: [
    ("weight_packed", "U8", [2, 15], "has shape [2, 15]; config.json calls for [2, 16]"),
    ("weight_packed", "I8", [2, 16], "has type I8; U8 is needed"),
    ("weight_scale", "U8", [2, 2], "has type U8; F8_E4M3 is needed"),
    ("weight_scale", "F8_E4M3", [2, 2], "holds a scale that is infinite or NaN"),
    ("weight_global_scale", "F32", [1], "holds an infinite value or a NaN"),
  ])
  func `are refused where a tensor is another one`(
    part: String, type: String, shape: [Int], words: String
  ) throws {
    let linear = LinearShape(name: "p", rows: 2, columns: 32)
    let format = CompressedTensorsFormat(.nvfp4)
    let weight = QuantizedLinear(
      try quantized(linear, try #require(format.standardScheme), format))
    let layout = format.layout(of: linear, weight.scheme, scales: .float32)
    let tensors = zip(layout, format.encode(weight, scales: .float32)).map { tensor, bytes in
      guard tensor.name == "p.\(part)" else {
        return RawSafetensors.Tensor(
          tensor.name, tensor.shape.type.rawValue, tensor.shape.dimensions, bytes)
      }
      let count = shape.reduce(1, *) * (type == "F32" ? 4 : 1)
      return RawSafetensors.Tensor(
        tensor.name, type, shape, [UInt8](repeating: 0xff, count: count))
    }
    let config: JSONValue = [
      "quantization_config": format.configuration(of: weight.scheme, provenance: nil)
    ]
    try TemporaryFolder.with { folder in
      let model = try folder.open(tensors, config: config.text())
      expectFailure(words) { try model.decode(linear) }
    }
  }

  @Test func `are loaded by transformers, and by vLLM on GPUs`() throws {
    let linear = LinearShape(name: "p", rows: 2, columns: 64)
    for type in floats {
      let format = CompressedTensorsFormat(type)
      let scheme = LinearScheme(try #require(format.standardScheme))
      let verdicts = EngineRules.verdicts(on: linear, scheme, in: format)
      #expect(verdicts.map { $0.objection == nil } == [false, true])
      #expect(verdicts.allSatisfy { !$0.isRefusal })
      let rounded = LinearScheme(
        scheme.weights, activations: ActivationScheme(granularity: .token, symmetric: true))
      let refusals = EngineRules.verdicts(on: linear, rounded, in: format)
      #expect(refusals.allSatisfy { $0.isRefusal })
    }
  }
}

extension UInt8 {
  /// Two codes, with 0 in place of −0.
  fileprivate var withoutNegativeZeros: UInt8 {
    let (low, high) = (self & 15, self >> 4)
    return (low == 8 ? 0 : low) | (high == 8 ? 0 : high) << 4
  }
}
