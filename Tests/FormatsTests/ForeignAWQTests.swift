import Checkpoint
import Formats
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let linear = LinearShape(name: "p", rows: 8, columns: 16)

/// An AWQ Linear in two groups: every code 9, zero points 0 to 7.
private func tensors(scales: [Int] = [2, 8], type: String = "I32") -> [RawSafetensors.Tensor] {
  let count = scales.reduce(1, *)
  return [
    .init(
      "p.qweight", type, [16, 1],
      RawSafetensors.bytes([UInt32](repeating: 0x9999_9999, count: 16))),
    .init(
      "p.qzeros", "I32", [2, 1], RawSafetensors.bytes([0x7531_6420, 0x7531_6420] as [UInt32])),
    .init(
      "p.scales", "F16", scales,
      FloatFormat.float16.encode([Float](repeating: 0.5, count: count))),
  ]
}

private func config(_ members: String) -> String {
  #"{"quantization_config": {"quant_method": "awq", \#(members)}}"#
}

private let autoAWQ = #""bits": 4, "group_size": 8, "zero_point": true, "version": "gemm""#

@Suite struct `AWQ files of other tools` {
  @Test(arguments: [
    autoAWQ, #""w_bit": 4, "q_group_size": 8, "zero_point": true, "version": "GEMM""#,
    #""bits": 4, "group_size": 8, "modules_to_not_convert": ["lm_head"], "backend": "autoawq""#,
  ])
  func `are read with every spelling of the configuration`(members: String) throws {
    try TemporaryFolder.with { folder in
      let weight = try folder.open(tensors(), config: config(members)).decode(linear)
      #expect(weight.grid.zeroPoints == (0..<8).flatMap { [UInt8($0), UInt8($0)] })
      #expect(weight.dequantized()[3, 1] == 0.5 * (9 - 3))
      #expect(weight.grid.scheme.granularity == .group(8) && !weight.grid.scheme.isSymmetric)
    }
  }

  @Test func `are symmetric when all zero points are in the middle`() throws {
    try TemporaryFolder.with { folder in
      var all = tensors()
      all[1] = .init(
        "p.qzeros", "I32", [2, 1], RawSafetensors.bytes([0x8888_8888, 0x8888_8888] as [UInt32]))
      for stated in ["true", "false"] {
        let text = config(autoAWQ.replacing("true", with: stated))
        let weight = try folder.open(all, config: text).decode(linear)
        #expect(weight.grid.scheme.isSymmetric)
      }
    }
  }

  @Test(arguments: [
    ("gemm", "gemv", ["version", "gemv", "gemm"]),
    ("gemm", "gemv_fast", ["gemv_fast", "start from the original"]),
    (#""bits": 4"#, #""bits": 8"#, ["4 bits", "8 bits"]), (#""bits": 4, "#, "", ["bits"]),
    (#""group_size": 8, "#, "", ["group_size"]), ("8", "-1", ["p.scales", "2 groups"]),
    ("true", "false", ["zero_point"]), (#""gemm""#, "3", ["version"]),
  ])
  func `in another layout are refused with the reason`(
    part: String, replacement: String, words: [String]
  ) throws {
    try TemporaryFolder.with { folder in
      let text = config(autoAWQ.replacing(part, with: replacement))
      let model = try folder.open(tensors(), config: text)
      for word in words { expectFailure(word) { try model.decode(linear) } }
    }
  }

  @Test func `whose tensors contradict the configuration are errors that name them`() throws {
    try TemporaryFolder.with { folder in
      let text = config(autoAWQ)
      let odd = try folder.open(tensors(scales: [3, 8]), config: text)
      expectFailure("p.scales", "[3, 8]", "16 columns") { try odd.decode(linear) }
      let floats = try folder.open(tensors(type: "F32"), config: text)
      expectFailure("p.qweight", "F32", "I32") { try floats.decode(linear) }
      let narrow = LinearShape(name: "p", rows: 12, columns: 16)
      expectFailure("p.qweight", "output width 12") { try floats.decode(narrow) }
      for lost in 0..<3 {
        var rest = tensors()
        let name = rest.remove(at: lost).name
        let model = try folder.open(rest, config: text)
        expectFailure("no tensor is named \(name)") { try model.decode(linear) }
      }
    }
  }
}
