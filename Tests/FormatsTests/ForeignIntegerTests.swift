import Checkpoint
import Formats
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let linear = LinearShape(name: "p", rows: 4, columns: 8)

private let weights = RawSafetensors.Tensor(
  "p.weight", "I8", [4, 8], (0..<32).map { UInt8(bitPattern: Int8($0 - 16)) })

private func scales(_ shape: [Int], _ format: FloatFormat = .bfloat16) -> RawSafetensors.Tensor {
  let values = (0..<shape.reduce(1, *)).map { Float($0 + 1) }
  return .init("p.weight_scale", TensorType(format).rawValue, shape, format.encode(values))
}

private func inputScale(_ value: Float, _ shape: [Int] = [1]) -> RawSafetensors.Tensor {
  .init("p.input_scale", "F32", shape, RawSafetensors.bytes([Float](repeating: value, count: 1)))
}

/// The configuration as llm-compressor writes it, with all of its keys.
private func config(
  weights: String = #""strategy": "channel", "symmetric": true"#,
  inputs: String = #"{"num_bits": 8, "dynamic": true, "strategy": "token", "type": "int"}"#,
  format: String = "int-quantized", bits: Int = 8
) -> String {
  #"""
  {"quantization_config": {"quant_method": "compressed-tensors", "format": "\#(format)",
  "quantization_status": "frozen", "ignore": ["lm_head"], "kv_cache_scheme": null,
  "sparsity_config": {}, "transform_config": {}, "config_groups": {"group_0": {
  "targets": ["Linear"], "output_activations": null, "input_activations": \#(inputs),
  "weights": {"num_bits": \#(bits), "type": "int", "observer": "minmax", "observer_kwargs": {},
  "actorder": null, "block_structure": null, "dynamic": false, \#(weights)}}}}}
  """#
}

private let fixed = #"{"num_bits": 8, "symmetric": true, "strategy": "tensor", "dynamic": false}"#

@Suite struct `int8 files of other tools` {
  @Test(arguments: [[4, 1], [4]], FloatFormat.allCases)
  func `can have a scale for each row`(shape: [Int], format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open([weights, scales(shape, format)], config: config())
      let read = try model.decodeLinear(linear)
      #expect(read.activations == .token(symmetric: true))
      #expect(read.weight.grid.scheme.granularity == .channel)
      #expect(
        read.weight.dequantized()
          == Matrix(rows: 4, columns: 8) { Float(($0 + 1) * (8 * $0 + $1 - 16)) })
    }
  }

  @Test(arguments: [[1], [], [1, 1]])
  func `can have one scale for the matrix and one for its inputs`(shape: [Int]) throws {
    try TemporaryFolder.with { folder in
      let text = config(weights: #""strategy": "tensor""#, inputs: fixed)
      let model = try folder.open([weights, scales(shape), inputScale(0.5, shape)], config: text)
      let read = try model.decodeLinear(linear)
      #expect(read.activations == .tensor(ActivationGrid(scale: 0.5), symmetric: true))
      #expect(read.weight.grid.scheme.granularity == .tensor)
      #expect(read.weight.dequantized()[3, 7] == 15)
    }
  }

  @Test func `can have unrounded inputs, groups, fewer bits and zero points`() throws {
    try TemporaryFolder.with { folder in
      let text = config(
        weights: #""strategy": "group", "group_size": 4, "symmetric": false"#, inputs: "null",
        format: "naive-quantized", bits: 5)
      let zeros = RawSafetensors.Tensor(
        "p.weight_zero_point", "I8", [4, 2], (0..<8).map { UInt8(bitPattern: Int8($0 - 4)) })
      let read = try folder.open([weights, scales([4, 2]), zeros], config: text)
        .decodeLinear(linear)
      #expect(read.activations == nil)
      #expect(read.weight.grid.scheme.granularity == .group(4))
      #expect(read.weight.dequantized()[1, 5] == 4 * ((8 + 5 - 16) - (3 - 4)))
      let narrow = config(
        weights: #""strategy": "channel""#, inputs: "null", format: "naive-quantized", bits: 4)
      let model = try folder.open([weights, scales([4])], config: narrow)
      expectFailure("p.weight", "-16", "4 bits") { try model.decode(linear) }
    }
  }

  @Test(arguments: [
    #"{"num_bits": 4, "dynamic": true, "strategy": "token"}"#,
    #"{"num_bits": 8, "dynamic": true, "strategy": "tensor"}"#,
    #"{"num_bits": 8, "dynamic": false, "strategy": "token"}"#,
    #"{"num_bits": 8, "dynamic": "local", "strategy": "token"}"#,
    #"{"num_bits": 8, "dynamic": false, "strategy": "group", "group_size": 128}"#,
    #"{"num_bits": 8, "dynamic": true, "strategy": "token", "type": "half"}"#, "[]", "8",
  ])
  func `whose inputs are rounded in an unsupported way are refused`(inputs: String) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open([weights, scales([4, 1])], config: config(inputs: inputs))
      expectFailure("config.json", "input_activations") { try model.decode(linear) }
    }
  }

  @Test func `whose tensors contradict the configuration are errors that name them`() throws {
    try TemporaryFolder.with { folder in
      func failure(
        _ words: String, _ tensors: [RawSafetensors.Tensor], _ text: String = config()
      ) throws {
        let model = try folder.open(tensors, config: text)
        expectFailure(words) { try model.decode(linear) }
      }
      let whole = config(weights: #""strategy": "tensor""#, inputs: fixed)
      try failure("no tensor is named p.weight_scale", [weights])
      try failure("p.weight_scale: has shape [2, 1]", [weights, scales([2, 1])])
      try failure("calls for 1 elements", [weights, scales([4, 1]), inputScale(1)], whole)
      try failure("no tensor is named p.input_scale", [weights, scales([1])], whole)
      try failure("p.input_scale: is 0.0", [weights, scales([1]), inputScale(0)], whole)
      try failure("p.input_scale: is -1.0", [weights, scales([1]), inputScale(-1)], whole)
      try failure("p.input_scale: holds an inf", [weights, scales([1]), inputScale(.nan)], whole)
      try failure(
        "no tensor is named p.input_zero_point", [weights, scales([1]), inputScale(1)],
        whole.replacing(#""symmetric": true"#, with: #""symmetric": false"#))
      let words = RawSafetensors.Tensor(
        "p.weight", "I32", [4, 8], [UInt8](repeating: 0, count: 128))
      try failure("p.weight: has type I32; I8 is needed", [words, scales([4])])
      let flat = RawSafetensors.Tensor("p.weight", "I8", [32], [UInt8](repeating: 0, count: 32))
      try failure("p.weight: has shape [32]", [flat, scales([4])])
    }
  }
}
