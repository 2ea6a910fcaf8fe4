import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let linear = LinearShape(name: "p", rows: 8, columns: 16)
private let half = FloatFormat.float16

/// A GPTQ Linear of 4 bits as another tool might store it: every code 9, zero points as given.
private func gptq(
  zeros: UInt32, index: [Int32]? = (0..<16).map { $0 / 8 }, scale: Float = 0.5
) -> [RawSafetensors.Tensor] {
  let scales = half.encode([Float](repeating: scale, count: 16))
  var tensors: [RawSafetensors.Tensor] = [
    .init(
      "p.qweight", "I32", [2, 8], RawSafetensors.bytes([UInt32](repeating: 0x9999_9999, count: 16))),
    .init("p.qzeros", "I32", [2, 1], RawSafetensors.bytes([zeros, zeros])),
    .init("p.scales", "F16", [2, 8], scales),
  ]
  if let index {
    tensors.append(.init("p.g_idx", "I32", [index.count], RawSafetensors.bytes(index)))
  }
  return tensors
}

private func config(_ more: String = "", bits: Int = 4, groupSize: Int = 8) -> String {
  """
  {"quantization_config": {"quant_method": "gptq", "bits": \(bits), "group_size": \(groupSize),
  "sym": false\(more)}}
  """
}

private let packed = #"""
  {"quantization_config": {"quant_method": "compressed-tensors", "format": "pack-quantized",
  "config_groups": {"group_0": {"targets": ["Linear"], "weights":
  {"num_bits": 4, "symmetric": false, "strategy": "group", "group_size": 8}}}}}
  """#

@Suite struct `GPTQ files of other tools` {
  @Test(arguments: [
    (#", "checkpoint_format": "gptq""#, UInt8(8)), ("", UInt8(8)),
    (#", "checkpoint_format": "gptq_v2""#, UInt8(7)), (#", "format": "gptq_v2""#, UInt8(7)),
  ])
  func `zero points are one more than stored, but not in version 2`(
    spelling: String, zero: UInt8
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(gptq(zeros: 0x7777_7777), config: config(spelling))
      let weight = try model.decode(linear)
      #expect(weight.grid.zeroPoints == [UInt8](repeating: zero, count: 16))
      #expect(weight.dequantized().elements.allSatisfy { $0 == 0.5 * (9 - Float(zero)) })
    }
  }

  @Test func `a zero point of zero, stored as minus one, is zero`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(gptq(zeros: 0xFFFF_FFFF), config: config())
      let weight = try model.decode(linear)
      #expect(weight.grid.zeroPoints.allSatisfy { $0 == 0 })
    }
  }

  @Test func `a file without g_idx has consecutive groups`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(gptq(zeros: 0x7777_7777, index: nil), config: config())
      let weight = try model.decode(linear)
      #expect(weight.grid.groupSize == 8 && weight.codes.allSatisfy { $0 == 9 })
    }
  }

  @Test func `groups are an error where the configuration says rows`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(gptq(zeros: 0x7777_7777), config: config(groupSize: -1))
      expectFailure("p.scales", "2 groups", "calls for one") { try model.decode(linear) }
    }
  }

  @Test(arguments: [-3, 0, 1, 9, 4_000_000_000])
  func `impossible bits are an error`(bits: Int) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(gptq(zeros: 0), config: config(bits: bits))
      expectFailure("config.json", "\(bits) bits") { try model.decode(linear) }
    }
  }

  @Test func `tensors that contradict the configuration are errors that name them`() throws {
    try TemporaryFolder.with { folder in
      let wide = try folder.open(gptq(zeros: 0), config: config(bits: 8))
      expectFailure("p.qweight", "[2, 8]", "[4, 8]") { try wide.decode(linear) }
      let broken = try folder.open(gptq(zeros: 0, scale: .infinity), config: config())
      expectFailure("p.scales", "infinite") { try broken.decode(linear) }
      for lost in 0..<3 {
        var tensors = gptq(zeros: 0)
        tensors.remove(at: lost)
        let name = ["p.qweight", "p.qzeros", "p.scales"][lost]
        let model = try folder.open(tensors, config: config())
        expectFailure("no tensor is named \(name)") { try model.decode(linear) }
      }
      var tensors = gptq(zeros: 0)
      tensors[2] = .init("p.scales", "F16", [3, 8], half.encode([Float](repeating: 1, count: 24)))
      let model = try folder.open(tensors, config: config())
      expectFailure("p.scales", "[3, 8]", "16 columns") { try model.decode(linear) }
      tensors = gptq(zeros: 0)
      tensors[0] = .init("p.qweight", "F32", [2, 8], [UInt8](repeating: 0, count: 64))
      let floats = try folder.open(tensors, config: config())
      expectFailure("p.qweight", "F32", "I32") { try floats.decode(linear) }
    }
  }

  @Test(arguments: ["bits", "sym", "group_size"])
  func `a configuration without a required key is an error that names the key`(key: String) throws {
    try TemporaryFolder.with { folder in
      let text = config().replacing("\"\(key)\"", with: "\"other\"")
      let model = try folder.open(gptq(zeros: 0), config: text)
      expectFailure("config.json", key) { try model.decode(linear) }
    }
  }
}

@Suite struct `compressed-tensors files of other tools` {
  private let scales = RawSafetensors.Tensor(
    "p.weight_scale", "BF16", [8, 2],
    FloatFormat.bfloat16.encode([Float](repeating: 0.25, count: 16)))
  private let codes = RawSafetensors.Tensor(
    "p.weight_packed", "I32", [8, 2],
    RawSafetensors.bytes([UInt32](repeating: 0xFEDC_BA98, count: 16)))
  private let zeros = RawSafetensors.Tensor(
    "p.weight_zero_point", "I32", [1, 2], RawSafetensors.bytes([UInt32(0x7654_3210), 0xFFFF_FFFF]))

  @Test func `zero points are read down the outputs`() throws {
    try TemporaryFolder.with { folder in
      let weight = try folder.open([scales, codes, zeros], config: packed).decode(linear)
      #expect(weight.grid.zeroPoints == (0..<8).flatMap { [UInt8($0), 15] })
      #expect(weight.codes == (0..<8).flatMap { _ in (0..<16).map { UInt8(8 + $0 % 8) } })
      #expect(weight.dequantized()[3, 1] == 0.25 * (9 - 3))
    }
  }

  @Test func `asymmetric weights need their zero points`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open([scales, codes], config: packed)
      expectFailure("p.weight_zero_point") { try model.decode(linear) }
      let symmetric = try folder.open(
        [scales, codes], config: packed.replacing("false", with: "true"))
      #expect(try symmetric.decode(linear).grid.zeroPoints.allSatisfy { $0 == 8 })
    }
  }

  @Test(arguments: [[8, 0], [8, 3], [8, 32], [16], [8, 2, 1]])
  func `scales that do not split the inputs are an error`(shape: [Int]) throws {
    try TemporaryFolder.with { folder in
      let values = [Float](repeating: 1, count: shape.reduce(1, *))
      let odd = RawSafetensors.Tensor(
        "p.weight_scale", "F32", shape, RawSafetensors.bytes(values))
      let model = try folder.open([odd, codes, zeros], config: packed)
      expectFailure("p.weight_scale", "\(shape)", "16 columns") { try model.decode(linear) }
    }
  }

  @Test(arguments: [
    ("pack-quantized", "mxfp8-quantized", "pack-quantized, int-quantized"),
    ("\"num_bits\"", "\"type\": \"float\", \"num_bits\"", "weights.type"),
    ("\"config_groups\"", "\"kv_cache_scheme\": {\"num_bits\": 4}, \"config_groups\"", "kv_cache"),
    ("\"config_groups\"", "\"transform_config\": {\"R1\": 1}, \"config_groups\"", "transform"),
    ("\"strategy\": \"group\"", "\"strategy\": \"block\"", "blocks of float-quantized only"),
    ("\"num_bits\": 4,", "", "num_bits"),
    ("\"num_bits\": 4", "\"num_bits\": 1", "1 bits"), ("config_groups", "groups", "config_groups"),
    ("\"group_0\": {", "\"group_1\": {}, \"group_0\": {", "group_1.targets"),
  ])
  func `a configuration that is not supported is an error`(
    part: String, replacement: String, word: String
  ) throws {
    try TemporaryFolder.with { folder in
      let text = packed.replacing(part, with: replacement)
      let model = try folder.open([scales, codes, zeros], config: text)
      expectFailure("config.json", word) { try model.decode(linear) }
    }
  }
}
