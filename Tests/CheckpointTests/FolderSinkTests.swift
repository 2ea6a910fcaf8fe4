import Checkpoint
import Foundation
import JSON
import LinearAlgebra
import Remedies
import TestSupport
import Testing

private let tensors = [
  NamedShape("model.embed.weight", .bfloat16, [5, 3]),
  NamedShape("model.0.q.weight_packed", .int32, [3, 2]),
  NamedShape("model.0.q.weight_scale", .float16, [3, 1]),
  NamedShape("model.0.q.weight_shape", .int64, [2]),
  NamedShape("model.0.norm.weight", .float32, [3]),
  NamedShape("flag", .uint8, []),
  NamedShape("none", .float32, [0, 4]),
]

/// Bytes that differ from tensor to tensor.
private func bytes(_ tensor: NamedShape) -> [UInt8] {
  var generator = SplitMix64(seed: UInt64(tensor.name.utf8.count))
  return (0..<(tensor.shape.byteCount ?? 0)).map { _ in
    UInt8(truncatingIfNeeded: generator.next())
  }
}

/// Writes all tensors to `out`, in reverse order.
private func write(in folder: TemporaryFolder, largestShard: Int) throws {
  let writer = try FolderSink(
    path: folder.path("out"), tensors: tensors, largestShard: largestShard)
  for tensor in tensors.reversed() {
    #expect(!writer.isWritten(tensor.name))
    try writer.write(tensor.name, bytes(tensor))
    #expect(writer.isWritten(tensor.name))
  }
  try writer.writeFile("config.json", Array("{}".utf8))
  #expect(try folder.names().filter { !$0.hasPrefix(".") }.isEmpty)
  try writer.finish()
}

/// The header of a safetensors file, and the offset of its data.
private func header(_ file: [UInt8]) throws -> (json: JSONValue, start: Int) {
  let length = (0..<8).reduce(0) { $0 | Int(file[$1]) << (8 * $1) }
  return (try JSONValue(parsing: Array(file[8..<8 + length])), 8 + length)
}

@Suite struct `A folder that is written` {
  @Test func `has one shard with an aligned header and the metadata that readers expect`() throws {
    try TemporaryFolder.with { folder in
      try write(in: folder, largestShard: 1_000_000)
      #expect(try folder.names() == ["out"])
      #expect(try folder.names(in: "out") == ["config.json", "model.safetensors"])
      let file = try folder.read("out/model.safetensors")
      let (json, start) = try header(file)
      #expect(start % 8 == 0)
      #expect(try json.member("__metadata__").member("format").string == "pt")
      for tensor in tensors {
        let field = try json.member(tensor.name)
        #expect(try field.member("dtype").string == tensor.shape.type.rawValue)
        #expect(try field.member("shape").ints == tensor.shape.dimensions)
        let offsets = try field.member("data_offsets").ints
        #expect(offsets[0] % tensor.shape.type.byteCount == 0)
        #expect(Array(file[start + offsets[0]..<start + offsets[1]]) == bytes(tensor))
      }
    }
  }

  @Test(arguments: 1...9)
  func `has data that begins at a multiple of eight, however long the header is`(length: Int) throws
  {
    try TemporaryFolder.with { folder in
      let name = String(repeating: "w", count: length)
      let writer = try FolderSink(
        path: folder.path("out"), tensors: [NamedShape(name, .int64, [1])])
      try writer.write(name, [1, 2, 3, 4, 5, 6, 7, 8])
      try writer.finish()
      let file = try folder.read("out/model.safetensors")
      #expect(try header(file).start % 8 == 0)
      #expect(file.suffix(8) == [1, 2, 3, 4, 5, 6, 7, 8])
    }
  }

  @Test(arguments: [1, 40, 60, 80])
  func `has an index for several shards, and keeps modules together`(largest: Int) throws {
    try TemporaryFolder.with { folder in
      try write(in: folder, largestShard: largest)
      let names = try folder.names(in: "out")
      let shards = names.filter { $0.hasSuffix(".safetensors") }
      #expect(shards.count > 1)
      for (i, name) in shards.enumerated() {
        #expect(name == "model-0000\(i + 1)-of-0000\(shards.count).safetensors")
      }
      #expect(
        Set(names) == Set(shards + ["config.json", "model.safetensors.index.json"]))
      let index = try JSONValue(parsing: folder.read("out/model.safetensors.index.json"))
      let total = tensors.reduce(0) { $0 + ($1.shape.byteCount ?? 0) }
      #expect(try index.member("metadata").member("total_size").int == total)
      let map = try index.member("weight_map").object
      #expect(map.names == tensors.map(\.name).sorted())
      let linear = tensors.map(\.name).filter { $0.hasPrefix("model.0.q.") }
      #expect(Set(linear.compactMap { map[$0]?.text() }).count == 1)
      let model = try ModelFolder(path: folder.path("out"))
      for tensor in tensors {
        let stored = try #require(model.tensor(tensor.name))
        #expect(
          stored.path
            == folder.path("out/\(try index.member("weight_map").member(tensor.name).string)"))
        #expect(stored.shape == tensor.shape)
        #expect(stored.bytes == bytes(tensor))
      }
    }
  }

  @Test func `has no shard larger than allowed, unless a module is`() throws {
    try TemporaryFolder.with { folder in
      try write(in: folder, largestShard: 60)
      for name in try folder.names(in: "out") where name.hasSuffix(".safetensors") {
        let file = try folder.read("out/\(name)")
        #expect(file.count - (try header(file).start) <= 60)
      }
    }
  }

  @Test func `does not replace an output that exists, before or after the work`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("out/precious", "data")
      expectFailure("out: the output exists already", remedies: [.chooseAnotherOutput]) {
        try FolderSink(path: folder.path("out"), tensors: tensors)
      }
      expectFailure("exists") { try FolderSink.checkIsFree(folder.path("out/precious")) }
      let writer = try FolderSink(path: folder.path("late"), tensors: [])
      try folder.write("late/precious", "data")
      expectFailure("late: the output exists") { try writer.finish() }
      #expect(try folder.names(in: "late") == ["precious"])
    }
  }

  @Test func `goes away with a sink that does not finish`() throws {
    try TemporaryFolder.with { folder in
      func begin() throws {
        let writer = try FolderSink(path: folder.path("out"), tensors: tensors)
        try writer.write(tensors[0].name, bytes(tensors[0]))
        #expect(try folder.names().count == 1)
      }
      try begin()
      #expect(try folder.names().isEmpty)
    }
  }

  @Test func `that cannot be made is an error with its path`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("file", "no folder")
      expectFailure("file:", "creating a folder in it failed") {
        try FolderSink(path: folder.path("file/out"), tensors: tensors)
      }
    }
  }

  @Test func `with a tensor too large for any file is an error, and leaves nothing`() throws {
    try TemporaryFolder.with { folder in
      expectFailure("huge", "too large") {
        try FolderSink(
          path: folder.path("out"), tensors: [NamedShape("huge", .int64, [1 << 40, 1 << 40])])
      }
      let left = try folder.names()
      #expect(left.isEmpty)
    }
  }

  @Test func `that does not fit on the disk is an error before the work`() throws {
    try TemporaryFolder.with { folder in
      expectFailure(
        folder.path, "9007199254740992 bytes are needed", "are free",
        remedies: [.chooseAnotherOutput]
      ) {
        try FolderSink(
          path: folder.path("out"), tensors: [NamedShape("huge", .int64, [1 << 50])])
      }
      let left = try folder.names()
      #expect(left.isEmpty)
    }
  }

  @Test
  func `takes the folders made above it along when it goes away, but not when it is finished`()
    throws
  {
    try TemporaryFolder.with { folder in
      _ = try FolderSink(path: folder.path("a/b/out"), tensors: tensors)
      let left = try folder.names()
      #expect(left.isEmpty)
      let writer = try FolderSink(path: folder.path("a/b/out/"), tensors: [])
      try writer.finish()
      #expect(try folder.names(in: "a/b") == ["out"])
      #expect(try folder.names(in: "a/b/out") == ["model.safetensors"])
    }
  }

  @Test func `leaves a folder above it that something else uses by then`() throws {
    try TemporaryFolder.with { folder in
      func begin() throws {
        let writer = try FolderSink(path: folder.path("a/b/out"), tensors: tensors)
        try folder.write("a/other", "data")
        _ = writer.path
      }
      try begin()
      #expect(try folder.names(in: "a") == ["other"])
    }
  }

  @Test func `cannot be written where a dangling link is`() throws {
    try TemporaryFolder.with { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder.path("out"), withDestinationPath: folder.path("nowhere"))
      expectFailure("out: the output exists") { try FolderSink.checkIsFree(folder.path("out")) }
    }
  }

  @Test(arguments: ["", "/", "//", ".", "./", "a/..", "a/../"])
  func `cannot have a path that names no folder`(path: String) {
    expectFailure("\"\(path)\"", "cannot have this name") { try FolderSink.checkIsFree(path) }
  }

  @Test func `has no tensor twice`() throws {
    try TemporaryFolder.with { folder in
      expectFailure("tensor flag", "twice") {
        try FolderSink(path: folder.path("out"), tensors: tensors + tensors.suffix(2))
      }
      let left = try folder.names()
      #expect(left.isEmpty)
    }
  }
}
