import Checkpoint
import Foundation
import JSON
import LinearAlgebra
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

/// Whether a folder and all its floating-point tensors can be read.
///
/// The compiler makes sure that nothing but a ``CheckpointError`` can be thrown; a trap ends the tests.
private func reads(_ path: String) -> Bool {
  do throws(CheckpointError) {
    let folder = try ModelFolder(path: path)
    for tensor in folder.tensors where tensor.shape.type.floatFormat != nil {
      _ = try folder.floats(tensor.name, dimensions: tensor.shape.dimensions)
    }
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
        try folder.write("m/model.safetensors", generator.damaging(valid, in: 0..<end))
        if reads(folder.path("m")) { read += 1 }
      }
      // Some damage is to names or elements only: if nothing were read, nothing would be tested.
      #expect(read > 10 && read < 900)
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
        let bytes = generator.damaging(index, in: 0..<index.count)
        try folder.write("m/model.safetensors.index.json", bytes)
        if reads(folder.path("m")) { read += 1 }
      }
      #expect(read > 10 && read < 900)
    }
  }
}
