import Checkpoint
import TestSupport
import Testing

/// A member of a header with the usual type.
private func member(_ name: String, _ shape: String, _ offsets: String) -> String {
  RawSafetensors.member(name, "F32", shape: shape, offsets: offsets)
}

private func file(_ members: String..., data: Int) -> [UInt8] {
  RawSafetensors.file(
    header: "{\(members.joined(separator: ","))}", data: [UInt8](repeating: 0, count: data))
}

/// An inconsistent file, and a word that the message about it must contain.
private struct Lie: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let word: String

  init(_ name: String, _ word: String, _ bytes: [UInt8]) {
    testDescription = name
    self.bytes = bytes
    self.word = word
  }
}

private let lies: [Lie] = [
  Lie("empty", "0 bytes", []),
  Lie("seven bytes", "7 bytes", [1, 0, 0, 0, 0, 0, 0]),
  Lie("length of zero", "does not start", RawSafetensors.file(header: "")),
  Lie("length beyond the file", "claims 3", RawSafetensors.file(header: "{}", claimedLength: 3)),
  Lie("longest length", "claims", RawSafetensors.file(header: "{}", claimedLength: .max)),
  Lie("negative length", "claims", RawSafetensors.file(header: "{}", claimedLength: 1 << 63)),
  Lie("short length", "safetensors", RawSafetensors.file(header: "{}", claimedLength: 1)),
  Lie("leading blank", "does not start", RawSafetensors.file(header: " {}")),
  Lie("array", "does not start", RawSafetensors.file(header: "[]")),
  Lie("text after the header", "line 1", RawSafetensors.file(header: "{}{}")),
  Lie(
    "invalid UTF-8", "UTF-8",
    [8, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x7B, 0x7D, 0x7D]),
  Lie(
    "nested too deep", "128 nested arrays",
    RawSafetensors.file(header: #"{"a":"# + String(repeating: "[", count: 100_000))),
  Lie(
    "more values than memory", "more than 3000000 values",
    RawSafetensors.file(
      header: #"{"a":{"dtype":"F32","shape":["# + String(repeating: "0,", count: 3_000_000) + "0]}}"
    )),
  Lie("tensor is no object", "expected an object", RawSafetensors.file(header: #"{"a":3}"#)),
  Lie("no type", "a.dtype", RawSafetensors.file(header: #"{"a":{}}"#)),
  Lie("no shape", "a.shape", RawSafetensors.file(header: #"{"a":{"dtype":"F32"}}"#)),
  Lie(
    "no offsets", "a.data_offsets",
    RawSafetensors.file(header: #"{"a":{"dtype":"F32","shape":[1]}}"#)),
  Lie(
    "unknown type", "F31",
    RawSafetensors.file(
      header: "{\(RawSafetensors.member("a", "F31", shape: "[1]", offsets: "[0,4]"))}",
      data: [0, 0, 0, 0])),
  Lie("one offset", "two offsets", file(member("a", "[1]", "[4]"), data: 4)),
  Lie("three offsets", "two offsets", file(member("a", "[1]", "[0,4,4]"), data: 4)),
  Lie("offsets in disorder", "in order", file(member("a", "[1]", "[4,0]"), data: 4)),
  Lie("negative offset", "in order", file(member("a", "[1]", "[-4,0]"), data: 4)),
  Lie("fraction of an offset", "integer", file(member("a", "[1]", "[0,4.5]"), data: 4)),
  Lie(
    "offset beyond all integers", "integer",
    file(member("a", "[1]", "[0,99999999999999999999]"), data: 4)),
  Lie(
    "offset near the largest integer", "offsets",
    file(member("a", "[1]", "[0,9223372036854775807]"), data: 4)),
  Lie("beyond the end", "end at byte", file(member("a", "[2]", "[0,8]"), data: 4)),
  Lie("bytes left over", "end at byte", file(member("a", "[1]", "[0,4]"), data: 5)),
  Lie("no tensors but data", "end at byte", file(data: 4)),
  Lie("shape smaller than its bytes", "cannot take", file(member("a", "[1]", "[0,8]"), data: 8)),
  Lie("shape larger than its bytes", "cannot take", file(member("a", "[3]", "[0,8]"), data: 8)),
  Lie("negative side", "cannot take", file(member("a", "[-1]", "[0,4]"), data: 4)),
  Lie("two negative sides", "cannot take", file(member("a", "[-1,-1]", "[0,4]"), data: 4)),
  Lie(
    "shape that overflows to its bytes", "cannot take",
    file(member("a", "[4294967296,4294967296]", "[0,0]"), data: 0)),
  Lie(
    "shape that overflows with the size of an element", "cannot take",
    file(member("a", "[4611686018427387905]", "[0,4]"), data: 4)),
  Lie(
    "gap", "tensor b",
    file(member("a", "[1]", "[0,4]"), member("b", "[1]", "[8,12]"), data: 12)),
  Lie("gap at the start", "tensor a", file(member("a", "[1]", "[4,8]"), data: 8)),
  Lie(
    "overlap", "tensor b",
    file(member("a", "[2]", "[0,8]"), member("b", "[2]", "[4,12]"), data: 12)),
  Lie(
    "two names for the same bytes", "tensor",
    file(member("a", "[1]", "[0,4]"), member("b", "[1]", "[0,4]"), data: 4)),
  Lie(
    "duplicate name", "found \"a\" again",
    file(member("a", "[1]", "[0,4]"), member("a", "[1]", "[4,8]"), data: 8)),
]

@Suite struct `Inconsistent files` {
  @Test(arguments: lies)
  private func `are refused with a reason`(lie: Lie) throws {
    try TemporaryFolder.with { folder in
      try folder.write("m/config.json", "{}")
      try folder.write("m/model.safetensors", lie.bytes)
      expectFailure("model.safetensors", lie.word) { try ModelFolder(path: folder.path("m")) }
    }
  }

  @Test func `do not include unusual ones that are consistent`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("m/config.json", "{}")
      let header =
        #"{"__metadata__":{"format":"pt"},"b":{"shape":[1],"data_offsets":[4,8],"#
        + #""more":1,"dtype":"F32"},"":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}   "#
      let data = RawSafetensors.bytes([1, 2] as [Float])
      try folder.write("m/model.safetensors", RawSafetensors.file(header: header, data: data))
      let model = try ModelFolder(path: folder.path("m"))
      #expect(model.tensors.map(\.name) == ["", "b"])
      #expect(try model.floats("b", dimensions: [1]) == [2])
      try folder.write("m/model.safetensors", RawSafetensors.file(header: "{}"))
      #expect(try ModelFolder(path: folder.path("m")).tensors.isEmpty)
    }
  }
}
