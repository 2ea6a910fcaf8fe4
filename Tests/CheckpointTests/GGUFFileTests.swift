// GGUF files: what is written is read, and whatever lies is refused with the place and what was found.

import Checkpoint
import TestSupport
import Testing

/// Bytes of a GGUF file, part by part.
private struct RawGGUF {
  var bytes = Array("GGUF".utf8)

  mutating func add<Value: FixedWidthInteger>(_ value: Value) {
    for byte in 0..<Value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * Value(byte))))
    }
  }

  mutating func add(_ text: String) {
    add(UInt64(text.utf8.count))
    bytes += text.utf8
  }

  /// A header, pairs and tensors, and 64 bytes of elements.
  static func file(
    version: UInt32 = 3, tensors: UInt64 = 0, pairs: UInt64 = 0, data: Int = 64,
    _ build: (inout RawGGUF) -> Void = { _ in }
  ) -> [UInt8] {
    var file = RawGGUF()
    file.add(version)
    file.add(tensors)
    file.add(pairs)
    build(&file)
    while file.bytes.count % 32 != 0 { file.bytes.append(0) }
    return file.bytes + [UInt8](repeating: 0, count: data)
  }

  /// A tensor `t` of given axes, innermost first.
  mutating func tensor(
    _ name: String = "t", axes: [UInt64] = [4], type: UInt32 = 0, offset: UInt64 = 0
  ) {
    add(name)
    add(UInt32(axes.count))
    for length in axes { add(length) }
    add(type)
    add(offset)
  }

  /// A pair with the key `k`.
  mutating func pair(_ key: String = "k", kind: UInt32, _ value: (inout RawGGUF) -> Void) {
    add(key)
    add(kind)
    value(&self)
  }
}

private let metadata: [(key: String, value: GGUFValue)] = [
  ("a.uint8", .uint8(200)), ("a.int8", .int8(-100)), ("a.uint16", .uint16(60_000)),
  ("a.int16", .int16(-30_000)), ("a.uint32", .uint32(4_000_000_000)), ("a.int32", .int32(-7)),
  ("a.float", .float32(1e-5)), ("a.true", .bool(true)), ("a.false", .bool(false)),
  ("a.text", .string("Ġ é")), ("a.bytes", .bytes([0xFF, 0, 0xC0])), ("a.uint64", .uint64(.max)),
  ("a.int64", .int64(.min)), ("a.double", .float64(0.1)), ("a.none", .array(.int32, [])),
  ("a.texts", .strings(["", "x", "yz"])),
  ("a.nested", .array(.array, [.array(.uint8, [.uint8(1)]), .strings(["q"])])),
]

private let tensors = [
  GGUFTensor("matrix", .float16, [2, 3]), GGUFTensor("vector", .float32, [5]),
  GGUFTensor("blocks", .q4K, [3, 512]), GGUFTensor("more", .q80, [1, 32]),
]

@Suite struct `A GGUF file` {
  @Test func `is read as it was written`() throws {
    try TemporaryFolder.with { folder in
      let path = folder.path("x.gguf")
      var elements: [String: [UInt8]] = [:]
      try GGUFFile.write(path, metadata, tensors) { tensor in
        let sizes = ["matrix": 12, "vector": 20, "blocks": 3 * 288, "more": 34]
        let bytes = (0..<(sizes[tensor.name] ?? 0)).map { UInt8(truncatingIfNeeded: 7 * $0) }
        elements[tensor.name] = bytes
        return bytes
      }
      #expect(GGUFFile.isOne(path))
      let file = try GGUFFile(path: path)
      #expect(file.metadata.map(\.key) == metadata.map(\.key))
      #expect(file.metadata.map(\.value) == metadata.map(\.value))
      #expect(file["a.text"]?.text == "Ġ é" && file["a.missing"] == nil)
      #expect(file.entries.map(\.name) == tensors.map(\.name))
      #expect(file.entries.map(\.dimensions) == tensors.map(\.dimensions))
      #expect(file.entries.map(\.type) == tensors.map(\.type))
      for entry in file.entries {
        #expect(entry.range.lowerBound % 32 == 0)
        #expect(file.file.copy(entry.range) == elements[entry.name])
      }
    }
  }

  @Test func `may align its tensors in another way`() throws {
    try TemporaryFolder.with { folder in
      let bytes = RawGGUF.file(tensors: 2, pairs: 1, data: 8) { file in
        file.pair("general.alignment", kind: 4) { $0.add(UInt32(4)) }
        file.tensor("a", axes: [1], offset: 0)
        file.tensor("b", axes: [1], offset: 4)
      }
      try folder.write("x.gguf", bytes)
      let file = try GGUFFile(path: folder.path("x.gguf"))
      #expect(file.entries.map(\.range.count) == [4, 4])
    }
  }

  @Test func `is refused when truncated anywhere`() throws {
    try TemporaryFolder.with { folder in
      try GGUFFile.write(folder.path("x.gguf"), metadata, tensors) { tensor in
        [UInt8](repeating: 1, count: ["matrix": 12, "vector": 20, "more": 34][tensor.name] ?? 864)
      }
      let whole = try folder.read("x.gguf")
      let end = try #require(
        try GGUFFile(path: folder.path("x.gguf")).entries.last?.range.upperBound)
      for length in 0..<end {
        try folder.write("y.gguf", Array(whole[..<length]))
        #expect(throws: CheckpointError.self, "cut at byte \(length)") {
          try GGUFFile(path: folder.path("y.gguf"))
        }
      }
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `with random damage is read or refused, and never traps`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    try TemporaryFolder.with { folder in
      try GGUFFile.write(folder.path("x.gguf"), metadata, Array(tensors.prefix(2))) { tensor in
        [UInt8](repeating: 1, count: tensor.name == "matrix" ? 12 : 20)
      }
      let whole = try folder.read("x.gguf")
      var read = 0
      for _ in 0..<1000 {
        try folder.write("y.gguf", generator.damaging(whole, in: 0..<whole.count))
        do throws(CheckpointError) {
          _ = try GGUFFile(path: folder.path("y.gguf"))
          read += 1
        } catch {
          #expect(!error.description.isEmpty)
        }
      }
      #expect(read > 10 && read < 990)
    }
  }
}

/// A file that lies, and what must be said about it.
private struct Lie: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let words: String
  let bytes: [UInt8]

  init(_ name: String, _ words: String, _ bytes: [UInt8]) {
    (testDescription, self.words, self.bytes) = (name, words, bytes)
  }
}

private let lies: [Lie] = [
  Lie("no magic", "does not begin", [UInt8](repeating: 0, count: 64)),
  Lie("version 1", "version 1;", RawGGUF.file(version: 1)),
  Lie("big-endian", "version 50331648", RawGGUF.file(version: 0x0300_0000)),
  Lie("all tensors there are", "tensors", RawGGUF.file(tensors: .max)),
  Lie("all pairs there are", "pairs", RawGGUF.file(pairs: .max)),
  Lie("fewer tensors than claimed", "empty", RawGGUF.file(tensors: 2) { $0.tensor() }),
  Lie(
    "key beyond the file", "claims a string of 18446744073709551615 bytes",
    RawGGUF.file(pairs: 1) { $0.add(UInt64.max) }),
  Lie(
    "key of no text", "no text",
    RawGGUF.file(pairs: 1) {
      $0.add(UInt64(1)); $0.add(UInt8(0xFF))
    }),
  Lie("kind 13", "unknown kind 13", RawGGUF.file(pairs: 1) { $0.pair(kind: 13) { _ in } }),
  Lie(
    "key twice", "has k twice",
    RawGGUF.file(pairs: 2) { file in
      file.pair(kind: 0) { $0.add(UInt8(1)) }
      file.pair(kind: 0) { $0.add(UInt8(1)) }
    }),
  Lie(
    "endless array", "array of 18446744073709551615",
    RawGGUF.file(pairs: 1) { file in
      file.pair(kind: 9) {
        $0.add(UInt32(0)); $0.add(UInt64.max)
      }
    }),
  Lie(
    "arrays of arrays of arrays", "claims an array",
    RawGGUF.file(pairs: 1, data: 4096) { file in
      file.pair(kind: 9) { value in
        for _ in 0..<100 {
          value.add(UInt32(9))
          value.add(UInt64(1))
        }
      }
    }),
  Lie(
    "alignment 3", "general.alignment",
    RawGGUF.file(pairs: 1) { $0.pair("general.alignment", kind: 4) { $0.add(UInt32(3)) } }),
  Lie(
    "alignment of 2 GiB", "general.alignment",
    RawGGUF.file(pairs: 1) { $0.pair("general.alignment", kind: 4) { $0.add(UInt32(1 << 31)) } }),
  Lie("no axes", "has 0 axes", RawGGUF.file(tensors: 1) { $0.tensor(axes: []) }),
  Lie("five axes", "has 5 axes", RawGGUF.file(tensors: 1) { $0.tensor(axes: [1, 1, 1, 1, 1]) }),
  Lie("axis of 0", "length 0", RawGGUF.file(tensors: 1) { $0.tensor(axes: [0]) }),
  Lie(
    "axis of 2⁶³", "length 9223372036854775808",
    RawGGUF.file(tensors: 1) { $0.tensor(axes: [1 << 63]) }),
  Lie(
    "more elements than numbers", "whole blocks",
    RawGGUF.file(tensors: 1) { $0.tensor(axes: [1 << 30, 1 << 30, 1 << 30]) }),
  Lie("type 4", "type 4 of ggml", RawGGUF.file(tensors: 1) { $0.tensor(type: 4) }),
  Lie(
    "half a block", "whole blocks of 32",
    RawGGUF.file(tensors: 1) { $0.tensor(axes: [16], type: 2) }),
  Lie("offset 8", "do not fit", RawGGUF.file(tensors: 1) { $0.tensor(offset: 8) }),
  Lie(
    "offset beyond the file", "do not fit", RawGGUF.file(tensors: 1) { $0.tensor(offset: 1 << 62) }),
  Lie("elements beyond the file", "do not fit", RawGGUF.file(tensors: 1) { $0.tensor(axes: [64]) }),
  Lie(
    "tensor twice", "has the tensor t twice",
    RawGGUF.file(tensors: 2) {
      $0.tensor(); $0.tensor(offset: 32)
    }),
  Lie(
    "one tensor over another", "lies over",
    RawGGUF.file(tensors: 2) {
      $0.tensor(axes: [16]); $0.tensor("u", offset: 32)
    }),
]

@Suite struct `A GGUF file that lies` {
  @Test(arguments: lies)
  private func `is refused`(lie: Lie) throws {
    try TemporaryFolder.with { folder in
      try folder.write("x.gguf", lie.bytes)
      #expect {
        try GGUFFile(path: folder.path("x.gguf"))
      } throws: { error in
        let text = (error as? CheckpointError)?.description ?? ""
        if !text.contains(lie.words) { Issue.record("\(lie.words) is not in: \(text)") }
        return error is CheckpointError
      }
    }
  }
}
