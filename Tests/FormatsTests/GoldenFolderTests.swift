// Folders that Tools/make-format-goldens.py wrote from the formats' definitions, with the weights that
// they stand for.

import Checkpoint
import Formats
import Foundation
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let linear = LinearShape(name: "p", rows: 16, columns: 64)

private func fixture(_ name: String) throws -> ModelFolder {
  let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
  return try ModelFolder(path: root.appendingPathComponent(name).path)
}

@Suite struct `Golden folders` {
  @Test(arguments: [
    ("awq", 4, Scheme.Granularity.group(32)), ("awq-rows", 4, .channel),
    ("int8-dynamic", 8, .channel), ("int8-static", 8, .tensor),
    ("mlx", 4, .group(32)), ("mlx-module", 3, .group(64)),
  ])
  func `are decoded to the weights that they were made for`(
    name: String, bits: Int, granularity: Scheme.Granularity
  ) throws {
    let folder = try fixture(name)
    let weight = try folder.decode(linear)
    let meant = try folder.matrix("golden", rows: 16, columns: 64)
    #expect(weight.dequantized() == meant)
    #expect(weight.grid.scheme.bits == bits)
    #expect(weight.grid.scheme.granularity == granularity)
    #expect(weight.grid.scheme.isSymmetric == (bits == 8))
  }

  @Test(arguments: [
    ("awq", FloatFormat.float16), ("awq-rows", .float16), ("int8-dynamic", .bfloat16),
    ("int8-static", .float32), ("mlx", .float16), ("mlx-module", .float16),
  ])
  func `are written byte for byte for those weights`(name: String, scales: FloatFormat) throws {
    let folder = try fixture(name)
    let format = try #require(try CheckpointFormats.all.format(of: folder))
    let quantized = try folder.decodeLinear(linear)
    let layout = format.layout(of: linear, quantized.scheme, scales: scales)
    #expect(layout.count == folder.tensors.count - 1)
    let elements = format.encode(quantized, scales: scales)
    try #require(elements.count == layout.count)
    for (tensor, bytes) in zip(layout, elements) {
      let stored = try #require(folder.tensor(tensor.name))
      #expect(stored.shape == tensor.shape && stored.bytes == bytes, "\(tensor.name)")
    }
  }

  @Test func `determine how inputs are rounded`() throws {
    #expect(try fixture("awq").decodeLinear(linear).activations == nil)
    #expect(
      try fixture("int8-dynamic").decodeLinear(linear).activations == .token(symmetric: true))
    #expect(
      try fixture("int8-static").decodeLinear(linear).activations
        == .tensor(ActivationGrid(scale: 0.0375, zeroPoint: -5), symmetric: false))
  }
}
