import Checkpoint
import LinearAlgebra
import TestSupport
import Testing

private func shard(_ names: String...) -> [UInt8] {
  RawSafetensors.file(names.map { .init($0, "F32", [1], RawSafetensors.bytes([1] as [Float])) })
}

/// A folder `m` of two shards, `a` in one.safetensors and `b` in two.safetensors, with an index.
private func open(_ folder: TemporaryFolder, index: String) throws -> ModelFolder {
  try folder.write("m/config.json", "{}")
  try folder.write("m/one.safetensors", shard("a"))
  try folder.write("m/two.safetensors", shard("b"))
  try folder.write("m/model.safetensors.index.json", index)
  return try ModelFolder(path: folder.path("m"))
}

private let good = #"{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}"#

@Suite struct `A folder of shards` {
  @Test func `is read through its index`() throws {
    try TemporaryFolder.with { folder in
      let model = try open(folder, index: good)
      #expect(model.tensors.map(\.name) == ["a", "b"])
      #expect(model.tensor("b")?.path == folder.path("m/two.safetensors"))
    }
  }

  @Test(arguments: [
    "../x.safetensors", "../m/one.safetensors", "/etc/passwd", "sub/one.safetensors", "..", ".",
    ".hidden", "a/../../x",
  ])
  func `whose index leads out of the folder is refused`(file: String) throws {
    try TemporaryFolder.with { folder in
      try folder.write("x.safetensors", shard("a"))
      try folder.write("m/.hidden", shard("a"))
      expectFailure("index.json", "puts a outside of the folder") {
        try open(folder, index: #"{"weight_map": {"a": "\#(file)", "b": "two.safetensors"}}"#)
      }
    }
  }

  @Test(arguments: [
    (#"{"weight_map": {"a": "two.safetensors", "b": "one.safetensors"}}"#, "tensor a"),
    (#"{"weight_map": {"a": "one.safetensors", "c": "two.safetensors"}}"#, "tensor c"),
    (#"{"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}}"#, "tensor b"),
    (#"{"weight_map": {"a": "three.safetensors"}}"#, "three.safetensors: not found"),
    (#"{"weight_map": {"a": ""}}"#, "regular file"), (#"{"weight_map": []}"#, "weight_map"),
    (#"{"weight_map": {"a": 1}}"#, "weight_map.a"), (#"{"weight_map": {"a": null}}"#, "weight_map"),
    ("{}", "weight_map"), ("", "index.json"), ("{", "index.json"), ("null", "index.json"),
    (#"{"weight_map": {"a": "one.safetensors", "a": "two.safetensors"}}"#, "again"),
    (#"{"weight_map": {"a": "config.json", "b": "two.safetensors"}}"#, "config.json"),
  ])
  func `whose index is wrong is refused`(index: String, word: String) throws {
    try TemporaryFolder.with { folder in
      expectFailure(word) { try open(folder, index: index) }
    }
  }

  @Test func `of names that differ only in how Unicode spells them is refused with the reason`()
    throws
  {
    try TemporaryFolder.with { folder in
      expectFailure("caf", "how Unicode spells it") {
        try folder.open(["caf\u{E9}", "cafe\u{301}"].map { .init($0, "F32", [1], [0, 0, 0, 0]) })
      }
    }
  }

  @Test func `that has a tensor twice is refused`() throws {
    try TemporaryFolder.with { folder in
      _ = try open(folder, index: good)
      try folder.write("m/two.safetensors", shard("b", "a"))
      expectFailure("tensor a", "two files") { try ModelFolder(path: folder.path("m")) }
    }
  }
}
