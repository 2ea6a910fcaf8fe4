import Checkpoint
import Foundation
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

/// A small valid file of several types.
private let valid = RawSafetensors.file([
  .init(
    "model.embed.weight", "F16", [4, 3], FloatFormat.float16.encode(.init(repeating: 1, count: 12))),
  .init("norm", "F32", [5], RawSafetensors.bytes([1, 2, 3, 4, 5] as [Float])),
  .init("codes", "I32", [2, 2], RawSafetensors.bytes([1, 2, 3, 4] as [Int32])),
  .init("flag", "BOOL", [], [1]),
])

/// Bytes that make new sense in a header more often than random ones do.
private let alphabet = Array(#"0123456789-.,:[]{}"eE+ FI\u"#.utf8)

/// Changes some bytes, or inserts or removes one.
private func mutated(
  _ bytes: [UInt8], in range: Range<Int>, _ generator: inout SplitMix64
) -> [UInt8] {
  var bytes = bytes
  for _ in 0..<generator.integer(in: 1..<4) {
    let position = generator.integer(in: range.lowerBound..<min(range.upperBound, bytes.count))
    let other = alphabet[generator.integer(in: 0..<alphabet.count)]
    switch generator.integer(in: 0..<8) {
    case 0: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
    case 1: bytes[position] ^= 1 << UInt8(generator.integer(in: 0..<8))
    case 2: bytes.insert(other, at: position)
    case 3: bytes.remove(at: position)
    default:
      // Mostly a digit for a digit, so that the file stays JSON and lies about sizes.
      let isDigit = (48...57).contains(bytes[position])
      bytes[position] = isDigit ? alphabet[generator.integer(in: 0..<11)] : other
    }
  }
  return bytes
}

/// Reads all there is to read, and says whether that went well.
///
/// Only errors of the files may come out, as the compiler sees to; a trap ends the tests.
private func reads(_ path: String, linear: LinearShape? = nil) -> Bool {
  do throws(CheckpointError) {
    let folder = try ModelFolder(path: path)
    for tensor in folder.tensors where tensor.shape.type.floatFormat != nil {
      _ = try folder.floats(tensor.name, dimensions: tensor.shape.dimensions)
    }
    guard let linear else { return true }
    guard let format = try CheckpointFormats.format(of: folder),
      let configuration = folder.configuration["quantization_config"]
    else { return false }
    let decoded = try format.decode(linear, in: folder, configuration)
    _ = decoded.weight.dequantized()
    return true
  } catch {
    return error.description.isEmpty
  }
}

@Suite struct `Files with random damage` {
  @Test func `are refused when truncated anywhere`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("m/config.json", "{}")
      try folder.write("m/model.safetensors", valid)
      #expect(reads(folder.path("m")))
      for length in 0..<valid.count {
        try folder.write("m/model.safetensors", Array(valid[..<length]))
        #expect(!reads(folder.path("m")), "cut at byte \(length) of \(valid.count)")
      }
      try folder.write("m/model.safetensors", valid + [0])
      #expect(!reads(folder.path("m")))
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `are read or refused, and never trap`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let headerEnd = 8 + Int(valid[0]) + Int(valid[1]) << 8
    try TemporaryFolder.with { folder in
      try folder.write("m/config.json", "{}")
      var read = 0
      for _ in 0..<1000 {
        let end = generator.integer(in: 0..<4) == 0 ? valid.count : headerEnd
        try folder.write("m/model.safetensors", mutated(valid, in: 0..<end, &generator))
        if reads(folder.path("m")) { read += 1 }
      }
      // Some damage is to names or elements only: if nothing were read, nothing would be tested.
      #expect(read > 10 && read < 900)
    }
  }

  @Test(arguments: CheckpointFormats.all.map(\.name), 0..<2 as Range<UInt64>)
  func `are read or refused in a quantized folder`(format: String, seed: UInt64) throws {
    let format = try #require(CheckpointFormats.all.first { $0.name == format })
    let linear = LinearShape(name: "p", rows: 32, columns: 32)
    let scheme = try Scheme(bits: 4, symmetric: false, granularity: .group(16))
    let weight = try quantized(linear, scheme, format)
    var generator = SplitMix64(seed: seed)
    try TemporaryFolder.with { folder in
      _ = try folder.store(weight, linear, format)
      #expect(reads(folder.path("out"), linear: linear))
      for (name, isWhole) in [("model.safetensors", false), ("config.json", true)] {
        let bytes = try folder.read("out/\(name)")
        let end = isWhole ? bytes.count : 8 + Int(bytes[0]) + Int(bytes[1]) << 8
        var read = 0
        for _ in 0..<500 {
          try folder.write("out/\(name)", mutated(bytes, in: 0..<end, &generator))
          if reads(folder.path("out"), linear: linear) { read += 1 }
        }
        #expect(read < 490, "\(name)")
        try folder.write("out/\(name)", bytes)
      }
    }
  }

  @Test(arguments: 0..<2 as Range<UInt64>)
  func `are read or refused in an int8 folder`(seed: UInt64) throws {
    let linear = LinearShape(name: "p", rows: 8, columns: 16)
    let format = CompressedTensorsFormat()
    let scheme = try Scheme(bits: 8, symmetric: true, granularity: .channel)
    let weight = try quantized(linear, scheme, format)
    let inputs = ActivationQuantizer.tensor(
      ActivationGrid(scale: 0.25, zeroPoint: 3), symmetric: false)
    var generator = SplitMix64(seed: seed)
    try TemporaryFolder.with { folder in
      _ = try folder.store(weight, linear, format, activations: inputs)
      #expect(reads(folder.path("out"), linear: linear))
      for (name, isWhole) in [("model.safetensors", false), ("config.json", true)] {
        let bytes = try folder.read("out/\(name)")
        let end = isWhole ? bytes.count : 8 + Int(bytes[0]) + Int(bytes[1]) << 8
        var read = 0
        for _ in 0..<500 {
          try folder.write("out/\(name)", mutated(bytes, in: 0..<end, &generator))
          if reads(folder.path("out"), linear: linear) { read += 1 }
        }
        #expect(read < 490, "\(name)")
        try folder.write("out/\(name)", bytes)
      }
    }
  }

  @Test func `are read or refused as an index`() throws {
    try TemporaryFolder.with { folder in
      let shapes = [NamedShape("a.w", .float32, [2]), NamedShape("b.w", .float32, [2])]
      let writer = try FolderSink(path: folder.path("m"), tensors: shapes, largestShard: 8)
      for shape in shapes { try writer.write(shape.name, RawSafetensors.bytes([1, 2] as [Float])) }
      try writer.writeFile("config.json", Array("{}".utf8))
      try writer.finish()
      let index = try folder.read("m/model.safetensors.index.json")
      var generator = SplitMix64(seed: 5)
      var read = 0
      for _ in 0..<1000 {
        let bytes = mutated(index, in: 0..<index.count, &generator)
        try folder.write("m/model.safetensors.index.json", bytes)
        if reads(folder.path("m")) { read += 1 }
      }
      #expect(read > 10 && read < 900)
    }
  }
}
