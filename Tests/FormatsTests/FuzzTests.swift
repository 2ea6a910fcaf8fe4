import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

/// Whether a Linear of a folder can be read.
///
/// The compiler makes sure that nothing but a ``CheckpointError`` can be thrown; a trap ends the tests.
private func reads(_ path: String, linear: LinearShape) -> Bool {
  do throws(CheckpointError) {
    let folder = try ModelFolder(path: path)
    guard let format = try CheckpointFormats.all.format(of: folder),
      let configuration = folder.configuration["quantization_config"]
    else { return false }
    let decoded = try format.decode(linear, in: folder, configuration)
    _ = decoded.weight.dequantized()
    return true
  } catch {
    return error.description.isEmpty
  }
}

/// Expects the folder `out` to be read whole, and with random damage to be read or refused.
private func expectDamageIsReadOrRefused(
  in folder: TemporaryFolder, _ linear: LinearShape, seed: UInt64
) throws {
  var generator = SplitMix64(seed: seed)
  #expect(reads(folder.path("out"), linear: linear))
  for (name, isWhole) in [("model.safetensors", false), ("config.json", true)] {
    let bytes = try folder.read("out/\(name)")
    let end = isWhole ? bytes.count : 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    var read = 0
    for _ in 0..<500 {
      try folder.write("out/\(name)", generator.damaging(bytes, in: 0..<end))
      if reads(folder.path("out"), linear: linear) { read += 1 }
    }
    #expect(read < 490, "\(name)")
    try folder.write("out/\(name)", bytes)
  }
}

@Suite struct `Quantized folders with random damage` {
  @Test(arguments: CheckpointFormats.all.filter { !$0.isFile }.map(\.name), 0..<2 as Range<UInt64>)
  func `a mutated quantized folder is read or refused`(format: String, seed: UInt64) throws {
    let format = try #require(CheckpointFormats.all.first { $0.name == format })
    let linear = LinearShape(name: "p", rows: 32, columns: 64)
    let scheme =
      try format.standardScheme
      ?? Scheme(
        bits: 4, points: format.storesOffsets ? .offset : .zeroPoint, granularity: .group(16))
    let weight = try quantized(linear, scheme, format)
    try TemporaryFolder.with { folder in
      _ = try folder.store(weight, linear, format)
      try expectDamageIsReadOrRefused(in: folder, linear, seed: seed)
    }
  }

  @Test(arguments: 0..<2 as Range<UInt64>)
  func `a mutated int8 folder is read or refused`(seed: UInt64) throws {
    let linear = LinearShape(name: "p", rows: 8, columns: 16)
    let format = CompressedTensorsFormat()
    let scheme = try Scheme(bits: 8, symmetric: true, granularity: .channel)
    let weight = try quantized(linear, scheme, format)
    let inputs = ActivationQuantizer.tensor(
      ActivationGrid(scale: 0.25, zeroPoint: 3), symmetric: false)
    try TemporaryFolder.with { folder in
      _ = try folder.store(weight, linear, format, activations: inputs)
      try expectDamageIsReadOrRefused(in: folder, linear, seed: seed)
    }
  }

  @Test(arguments: 0..<2 as Range<UInt64>)
  func `a mutated folder of two groups is read or refused`(seed: UInt64) throws {
    let linear = LinearShape(name: "p", rows: 8, columns: 32)
    let format = CompressedTensorsFormat()
    let weight = try quantized(
      linear, Scheme(bits: 3, symmetric: true, granularity: .group(16)), format)
    func group(_ target: String, _ bits: Int) -> String {
      """
      {"targets": ["\(target)"], "weights": {"num_bits": \(bits), "strategy": "group",
      "group_size": 16}}
      """
    }
    try TemporaryFolder.with { folder in
      _ = try folder.store(weight, linear, format)
      try folder.write(
        "out/config.json",
        Array(
          """
          {"quantization_config": {"quant_method": "compressed-tensors", "format": "pack-quantized",
          "config_groups": {"a": \(group("Linear", 5)), "b": \(group("re:(p|q.*)$", 3))}}}
          """.utf8))
      try expectDamageIsReadOrRefused(in: folder, linear, seed: seed)
    }
  }
}
