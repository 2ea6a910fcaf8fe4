import Checkpoint
import LinearAlgebra
import TestSupport
import Testing

private let values: [Float] = [0, -0.5, 1, 1.5, 65504, -3.140625]

/// A tensor of two rows of these values.
private func tensor(_ name: String, _ values: [Float], _ format: FloatFormat)
  -> RawSafetensors.Tensor
{
  RawSafetensors.Tensor(
    name, TensorType(format).rawValue, [2, values.count / 2], format.encode(values))
}

@Suite struct `A folder that is read` {
  @Test(arguments: FloatFormat.allCases)
  func `gives floats for tensors of every floating-point type`(format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open([tensor("w", values, format), tensor("v", [1, 2], format)])
      let expected = values.map(format.rounded)
      #expect(try model.floats("w", dimensions: [2, 3]) == expected)
      #expect(
        try model.matrix("w", rows: 2, columns: 3)
          == Matrix(rows: 2, columns: 3, elements: expected))
      #expect(model.tensors.map(\.name) == ["w", "v"])
      #expect(model.tensor("w")?.shape == TensorShape(TensorType(format), [2, 3]))
      #expect(model.tensor("nothing") == nil)
    }
  }

  @Test func `can have a tensor without elements, and one without axes`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open([
        .init("none", "F32", [0, 7], []), .init("scalar", "F32", [], RawSafetensors.bytes([2.5])),
      ])
      #expect(try model.floats("none", dimensions: [0, 7]).isEmpty)
      #expect(try model.floats("scalar", dimensions: []) == [2.5])
    }
  }

  @Test func `names a tensor that is missing, or has another shape or type`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open([
        tensor("w", values, .float16),
        .init("codes", "I32", [2], RawSafetensors.bytes([Int32(1), 2])),
      ])
      expectFailure("no tensor is named v") { try model.floats("v", dimensions: [1]) }
      expectFailure("tensor w", "[2, 3]", "[3, 2]") { try model.floats("w", dimensions: [3, 2]) }
      expectFailure("tensor codes", "I32", "BF16") {
        try model.floats("codes", dimensions: [2])
      }
    }
  }

  @Test func `gives integers of some types, and none of others`() throws {
    try TemporaryFolder.with { folder in
      let tensors: [RawSafetensors.Tensor] = [
        .init("i32", "I32", [3], RawSafetensors.bytes([Int32.min, 0, .max])),
        .init("u32", "U32", [2], RawSafetensors.bytes([UInt32.max, 7])),
        .init("i64", "I64", [2], RawSafetensors.bytes([Int64.min, .max])),
        .init("i16", "I16", [1], RawSafetensors.bytes([Int16(1)])),
        .init("none", "I64", [0], []),
      ]
      try folder.write("x.safetensors", RawSafetensors.file(tensors))
      let file = try SafetensorsFile(path: folder.path("x.safetensors"))
      #expect(file.integers("i32") == [Int64(Int32.min), 0, Int64(Int32.max)])
      #expect(file.integers("u32") == [Int64(UInt32.max), 7])
      #expect(file.integers("i64") == [.min, .max])
      #expect(file.integers("none") == [])
      #expect(file.integers("i16") == nil && file.integers("absent") == nil)
    }
  }

  @Test(arguments: FloatFormat.allCases, [Float.nan, .infinity, -.infinity])
  func `names the place of a weight that is not finite`(
    format: FloatFormat, bad: Float
  ) throws {
    try TemporaryFolder.with { folder in
      var broken = [Float](repeating: 1, count: 40)
      broken[37] = bad
      let model = try folder.open([tensor("w", broken, format)])
      expectFailure("tensor w", "NaN", "element 37") {
        try model.matrix("w", rows: 2, columns: 20)
      }
    }
  }

  @Test func `says which file is missing`() throws {
    try TemporaryFolder.with { folder in
      expectFailure("nowhere: not found") { try ModelFolder(path: folder.path("nowhere")) }
      try folder.write("m/other.txt", "")
      expectFailure("config.json: not found") { try ModelFolder(path: folder.path("m")) }
      try folder.write("m/config.json", "{\"a\": 1")
      expectFailure("config.json") { try ModelFolder(path: folder.path("m")) }
      try folder.write("m/config.json", "{}")
      expectFailure("no safetensors weights") { try ModelFolder(path: folder.path("m")) }
      try folder.write("m/pytorch_model.bin", "")
      expectFailure("pytorch_model.bin", "convert") { try ModelFolder(path: folder.path("m")) }
      try folder.write("m/model.safetensors/inner", "")
      expectFailure("model.safetensors: not a regular file") {
        try ModelFolder(path: folder.path("m"))
      }
    }
  }

  @Test func `has companion files, which do not include weights or settings of other runs`() throws
  {
    try TemporaryFolder.with { folder in
      let kept = [
        "LICENSE.txt", "chat_template.jinja", "generation_config.json", "merges.txt",
        "modeling_x.py", "tokenizer.json", "tokenizer.model",
      ]
      let left = [
        "README.md", "model.safetensors.index.json.bak", "pytorch_model.bin",
        "quantize_config.json", "optimizer.pt",
      ]
      for name in kept + left { try folder.write("m/\(name)", name) }
      try folder.write("m/quantize_config.json", "{}")
      try folder.write("m/merges.txt", "")
      let model = try folder.open([])
      #expect(model.companionFiles == kept)
      #expect(try model.companion("tokenizer.json") == Array("tokenizer.json".utf8))
      #expect(try model.companion("merges.txt").isEmpty)
      expectFailure("opening failed") { try model.companion("absent.json") }
    }
  }
}
