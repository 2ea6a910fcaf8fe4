// How the columns of a stored Linear are grouped: scattered by act-order, with a short last group, or
// otherwise than the configuration says.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let linear = LinearShape(name: "p", rows: 8, columns: 16)

/// A symmetric GPTQ Linear of 4 bits: every code 9, and group g has the scale g + 1.
private func gptq(groups: Int = 2, index: RawSafetensors.Tensor? = nil) -> [RawSafetensors.Tensor] {
  let scales = (0..<groups).flatMap { [Float](repeating: Float($0 + 1), count: 8) }
  return [
    .init(
      "p.qweight", "I32", [2, 8], RawSafetensors.bytes([UInt32](repeating: 0x9999_9999, count: 16))),
    .init(
      "p.qzeros", "I32", [groups, 1],
      RawSafetensors.bytes([UInt32](repeating: 0x7777_7777, count: groups))),
    .init("p.scales", "F16", [groups, 8], FloatFormat.float16.encode(scales)),
  ] + (index.map { [$0] } ?? [])
}

private func map(_ groups: [Int], _ name: String = "p.g_idx") -> RawSafetensors.Tensor {
  .init(name, "I32", [groups.count], RawSafetensors.bytes(groups.map(Int32.init)))
}

private func config(_ groupSize: Int, _ more: String = "") -> String {
  """
  {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": \(groupSize),
  "sym": true\(more)}}
  """
}

/// The weights of a row of these: 1 in group 0 and 2 in group 1.
private func values(_ groups: [Int]) -> [Float] { groups.map { Float($0 + 1) } }

extension Matrix {
  fileprivate func elements(ofRow row: Int) -> [Float] { (0..<columns).map { self[row, $0] } }
}

private let scattered = (0..<16).map { $0 * 7 % 16 / 8 }

@Suite struct `Groups of columns in a file` {
  @Test(arguments: ["I32", "I64"])
  func `may be scattered, as act-order leaves them`(type: String) throws {
    try TemporaryFolder.with { folder in
      let bytes =
        type == "I32"
        ? RawSafetensors.bytes(scattered.map(Int32.init))
        : RawSafetensors.bytes(scattered.map(Int64.init))
      let index = RawSafetensors.Tensor("p.g_idx", type, [16], bytes)
      let weight = try folder.open(gptq(index: index), config: config(8)).decode(linear)
      for row in 0..<8 {
        #expect(weight.dequantized().elements(ofRow: row) == values(scattered))
        let single = (0..<16).map { weight.grid.value(of: 9, row: row, column: $0) }
        #expect(single == values(scattered))
      }
      #expect(weight.grid.scattersGroups && weight.grid.scheme.granularity == .group(8))
      // Written again, it is the same file.
      let linear = QuantizedLinear(weight)
      #expect(linear.scheme.scattersGroups)
      let again = GPTQFormat().encode(linear, scales: .float16)
      #expect(again[3] == RawSafetensors.bytes(scattered.map(Int32.init)))
      let stated = GPTQFormat().configuration(of: linear.scheme, provenance: nil)
      #expect(stated["desc_act"] == true && stated["static_groups"] == false)
    }
  }

  @Test func `may be scattered in old files of compressed-tensors`() throws {
    try TemporaryFolder.with { folder in
      let scales = (0..<16).map { Float($0 % 2 + 1) }
      let model = try folder.open([
        .init(
          "p.weight_packed", "I32", [8, 2],
          RawSafetensors.bytes([UInt32](repeating: 0x9999_9999, count: 16))),
        .init("p.weight_scale", "F16", [8, 2], FloatFormat.float16.encode(scales)),
        map(scattered, "p.weight_g_idx"),
      ])
      let config = CompressedTensorsFormat().configuration(
        of: LinearScheme(try Scheme(bits: 4, symmetric: true, granularity: .group(8))),
        provenance: nil)
      let weight = try CompressedTensorsFormat().decode(linear, in: model, config).weight
      #expect(weight.dequantized().elements(ofRow: 5) == values(scattered))
    }
  }

  @Test(arguments: [nil, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] as [[Int]?])
  func `are consecutive where nothing says otherwise`(index: [Int]?) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(
        gptq(index: index.map { map($0) }), config: config(8))
      let weight = try model.decode(linear)
      #expect(weight.grid.columnGroups == nil)
      #expect(weight.dequantized().elements(ofRow: 0) == values((0..<16).map { $0 / 8 }))
    }
  }

  @Test(arguments: [nil, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]] as [[Int]?])
  func `may end in a short one`(index: [Int]?) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(gptq(index: index.map { map($0) }), config: config(12))
      let weight = try model.decode(linear)
      #expect(weight.dequantized().elements(ofRow: 0) == values((0..<16).map { $0 / 12 }))
      #expect(!weight.grid.scattersGroups && weight.grid.scheme.granularity == .group(12))
    }
  }

  @Test func `may be longer than a row`() throws {
    try TemporaryFolder.with { folder in
      let weight = try folder.open(gptq(groups: 1), config: config(128)).decode(linear)
      #expect(weight.grid.groupSize == 16 && weight.grid.columnGroups == nil)
    }
  }

  @Test func `are refused where file and configuration disagree`() throws {
    try TemporaryFolder.with { folder in
      func refusal(_ tensors: [RawSafetensors.Tensor], _ config: String, _ words: String...) throws
      {
        let model = try folder.open(tensors, config: config)
        let error = #expect(throws: CheckpointError.self) { try model.decode(linear) }
        for word in words { #expect(error.map { "\($0)".contains(word) } == true, "\(word)") }
      }
      try refusal(gptq(), config(4), "p.scales", "2 groups", "groups of 4")
      try refusal(gptq(groups: 4), config(8), "4 groups", "groups of 8")
      try refusal(gptq(), config(0), "p.scales", "groups of 0")
      try refusal(
        gptq(), config(8, #", "checkpoint_format": "marlin""#), "checkpoint_format", "marlin")
      try refusal(gptq(), config(-7), "p.scales", "groups of -7")
      try refusal(gptq(index: map([0, 1])), config(8), "p.g_idx", "[2]", "[16]")
      try refusal(gptq(index: map(scattered.map { $0 + 1 })), config(8), "group 2", "0 to 1")
      try refusal(gptq(index: map(scattered.map { $0 - 1 })), config(8), "group -1")
      let floats = RawSafetensors.Tensor(
        "p.g_idx", "F32", [16], RawSafetensors.bytes([Float](repeating: 0, count: 16)))
      try refusal(gptq(index: floats), config(8), "F32", "I32 or I64")
    }
  }
}

@Suite struct `dynamic in a GPTQ configuration` {
  private func bits(_ dynamic: String) throws -> Int {
    try TemporaryFolder.with { folder in
      let words = PackedCodes.wordCount(of: 16, bits: 8)
      let wide: [RawSafetensors.Tensor] = [
        .init(
          "p.qweight", "I32", [words, 8],
          RawSafetensors.bytes([UInt32](repeating: 0x8181_8181, count: words * 8))),
        .init(
          "p.qzeros", "I32", [2, 2],
          RawSafetensors.bytes([UInt32](repeating: 0x7F7F_7F7F, count: 4))),
        .init(
          "p.scales", "F16", [2, 8], FloatFormat.float16.encode([Float](repeating: 1, count: 16))),
      ]
      let config = config(8, #", "dynamic": \#(dynamic)"#)
      let wider = try? folder.open(wide, config: config).decode(linear)
      let usual = try? folder.open(gptq(), config: config).decode(linear)
      // The same configuration cannot describe both.
      #expect((wider == nil) != (usual == nil))
      return (wider ?? usual)?.grid.scheme.bits ?? 0
    }
  }

  @Test(arguments: [
    (#"{"+:^p$": {"bits": 8}}"#, 8), (#"{"p": {"bits": 8}}"#, 8), (#"{"+:q": {"bits": 8}}"#, 4),
    (#"{"+:.*": {}, "+:p": {"bits": 8}}"#, 4), (#"{"-:p": {}, "p": {"bits": 8}}"#, 4), ("null", 4),
    (#"{"+:q": {"bits": 3}, "+:p": {"bits": 8, "group_size": 8, "sym": true}}"#, 8),
  ])
  func `overrides what it names, the first pattern first`(dynamic: String, bits: Int) throws {
    #expect(try self.bits(dynamic) == bits)
  }

  @Test func `is refused where a pattern cannot be read`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(gptq(), config: config(8, #", "dynamic": {"+:(": {}}"#))
      let error = #expect(throws: CheckpointError.self) { try model.decode(linear) }
      #expect(error.map { "\($0)".contains("regular expression") } == true)
    }
  }
}
