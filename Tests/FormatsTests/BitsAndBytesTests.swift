// The 4-bit layout of bitsandbytes. The fixtures and the bytes were made by bitsandbytes 0.50.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import Quantizer
import Remedies
import TestSupport
import Testing

private func fixture(_ name: String) throws -> ModelFolder {
  let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
  return try ModelFolder(path: root.appendingPathComponent(name).path)
}

/// The tensors of a Linear `p` of 2 x 64 weights, with one replaced.
private func tensors(
  _ type: BitsAndBytesType, replacing part: String, by new: RawSafetensors.Tensor?
) throws -> [RawSafetensors.Tensor] {
  let linear = LinearShape(name: "p", rows: 2, columns: 64)
  let format = BitsAndBytesFormat(type)
  let weight = try quantized(linear, try #require(format.standardScheme), format)
  let quantized = QuantizedLinear(weight)
  let layout = format.layout(of: linear, quantized.scheme, scales: .bfloat16)
  let all = zip(layout, format.encode(quantized, scales: .bfloat16)).map { tensor, bytes in
    RawSafetensors.Tensor(
      tensor.name, tensor.shape.type.rawValue, tensor.shape.dimensions, bytes)
  }
  return all.compactMap { $0.name.hasSuffix(part) ? new : $0 }
}

private let config = #"{"quantization_config": {"quant_method": "bitsandbytes"}}"#

@Suite struct `Weights in bitsandbytes's format` {
  @Test(arguments: BitsAndBytesType.allCases, FloatFormat.allCases)
  func `are read back identically`(type: BitsAndBytesType, weights: FloatFormat) throws {
    let format = BitsAndBytesFormat(type)
    let linear = LinearShape(name: "model.layers.0.up_proj", rows: 70, columns: 256)
    let weight = try quantized(
      linear, try #require(format.standardScheme), format, scales: weights)
    #expect((weight.grid.nestedScales != nil) == type.isNested)
    try TemporaryFolder.with { folder in
      let model = try folder.store(weight, linear, format, scales: weights)
      #expect(try model.decode(linear) == weight)
      #expect(model.tensors.count == (type.isNested ? 6 : 4))
      let state = try #require(
        model.tensor("model.layers.0.up_proj.weight.quant_state.bitsandbytes__\(type.table.name)"))
      let json = try JSONValue(parsing: state.bytes).field
      #expect(try json.member("dtype").string == "\(weights)")
      #expect(try json.member("shape").ints == [70, 256])
    }
  }

  @Test(arguments: [("nf4-double", 96, 192), ("fp4", 6, 128)])
  func `mean what they mean to bitsandbytes`(name: String, rows: Int, columns: Int) throws {
    let folder = try fixture(name)
    let linear = LinearShape(name: "p", rows: rows, columns: columns)
    let read = try folder.decodeLinear(linear)
    let weights = read.weight.dequantized()
    let golden = try folder.matrix("golden", rows: 4, columns: columns)
    for (i, row) in [0, 1, rows - 2, rows - 1].enumerated() {
      #expect(
        Array(weights.copy(rows: row..<row + 1).elements) == golden.copy(rows: i..<i + 1).elements)
    }
    // Written again, all tensors but the state, whose text has other spaces, and FP4's negative zeros are the same.
    guard name != "fp4" else { return }
    let format = BitsAndBytesFormat()
    let layout = format.layout(of: linear, read.scheme, scales: .float32)
    #expect(layout.count == folder.tensors.count - 1)
    for (tensor, bytes) in zip(layout, format.encode(read, scales: .float32)).dropLast() {
      let stored = try #require(folder.tensor(tensor.name))
      #expect(stored.shape == tensor.shape && stored.bytes == bytes, "\(tensor.name)")
    }
  }

  @Test(arguments: [
    (
      BitsAndBytesType(table: .nf4, isNested: false),
      "00000111111112222233344445556667788899aaabbbccccddddeeeeeeefffff"
    ),
    (
      BitsAndBytesType(table: .fp4, isNested: false),
      "bbbbbbaaaaaaaadddddccccffeeee99911166667744445555522222222333333"
    ),
  ])
  func `have the codes of bitsandbytes's own rounding`(
    type: BitsAndBytesType, digits: String
  ) throws {
    let format = BitsAndBytesFormat(type)
    let linear = LinearShape(name: "p", rows: 1, columns: 64)
    let weights = Matrix(rows: 1, columns: 64) { -1 + 2 * Float($1) / 63 }
    let rule = GridRule(range: .minMax, encoding: format.encoding(scales: .float32))
    let grid = try rule.grid(for: weights, scheme: try #require(format.standardScheme))
    let bytes = format.encode(
      QuantizedLinear(QuantizedWeight(nearest: weights, on: grid)), scales: .float32)[0]
    #expect(
      bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == digits)
    #expect(
      format.layout(of: linear, LinearScheme(grid.scheme), scales: .float32)[0].shape.dimensions
        == [32, 1])
  }

  @Test(arguments: [
    (true, "weight.absmax", "has shape [3]; config.json calls for [2]", "U8", [3]),
    (true, "nested_absmax", "has shape [2]; config.json calls for [1]", "F32", [2]),
    (true, "nested_quant_map", "has other levels than those of bitsandbytes", "F32", [256]),
    (
      false, "weight.absmax", "holds an infinite value or a NaN, the first at element 0", "F32", [2]
    ),
    (false, "quant_map", "has other levels than those of bitsandbytes", "F32", [16]),
    (false, "p.weight", "has type I8; U8 is needed", "I8", [64, 1]),
    (true, "bitsandbytes__nf4", "has type I8; U8 is needed", "I8", [4]),
  ])
  func `are refused where a tensor contradicts the state`(
    isNested: Bool, part: String, words: String, type: String, shape: [Int]
  ) throws {
    let count = shape.reduce(1, *) * (type == "F32" ? 4 : 1)
    try TemporaryFolder.with { folder in
      let model = try folder.open(
        try tensors(
          BitsAndBytesType(table: .nf4, isNested: isNested), replacing: part,
          by: .init(
            part == "p.weight"
              ? part
              : "p.weight."
                + part.replacing("weight.", with: "").replacing(
                  "bitsandbytes__", with: "quant_state.bitsandbytes__"), type, shape,
            [UInt8](repeating: words.hasPrefix("holds") ? 0xff : 0x3c, count: count))),
        config: config)
      expectFailure(words) { try model.decode(LinearShape(name: "p", rows: 2, columns: 64)) }
    }
  }

  @Test(arguments: [
    ("{}", "quant_type"), ("{", ""),
    (
      #"{"quant_type": "nf5", "dtype": "float32", "blocksize": 64, "shape": [2, 64]}"#, "nf4 or fp4"
    ),
    (
      #"{"quant_type": "nf4", "dtype": "int8", "blocksize": 64, "shape": [2, 64]}"#,
      "float32, float16"
    ),
    (#"{"quant_type": "nf4", "dtype": "float32", "blocksize": 64, "shape": [64, 2]}"#, "[2, 64]"),
    (
      #"{"quant_type": "nf4", "dtype": "float32", "blocksize": 0, "shape": [2, 64]}"#,
      "an even number"
    ),
    (
      #"{"quant_type": "nf4", "dtype": "float32", "blocksize": 48, "shape": [2, 64]}"#,
      "an even number"
    ),
    (
      #"{"quant_type": "nf4", "dtype": "float32", "blocksize": 64, "shape": [2, 64], "nested_blocksize": 64}"#,
      "256"
    ),
    (
      #"{"quant_type": "nf4", "dtype": "float32", "blocksize": 64, "shape": [2, 64], "nested_blocksize": 256, "nested_offset": 1e300}"#,
      "nested_offset"
    ),
  ])
  func `are refused where the state is none`(state: String, words: String) throws {
    try TemporaryFolder.with { folder in
      let new = RawSafetensors.Tensor(
        "p.weight.quant_state.bitsandbytes__nf4", "U8", [state.utf8.count], Array(state.utf8))
      let model = try folder.open(
        try tensors(BitsAndBytesType.allCases[0], replacing: "bitsandbytes__nf4", by: new),
        config: config)
      expectFailure("quant_state.bitsandbytes__nf4", words) {
        try model.decode(LinearShape(name: "p", rows: 2, columns: 64))
      }
    }
  }

  @Test func `have the levels of the format, and no others`() throws {
    let linear = LinearShape(name: "p", rows: 2, columns: 64)
    let format = BitsAndBytesFormat()
    func objections(_ scheme: Scheme) -> [String?] {
      EngineRules.verdicts(on: linear, LinearScheme(scheme), in: format).map(\.objection)
    }
    #expect(objections(try #require(format.standardScheme)) == [nil])
    let others = [
      try Scheme(bits: 4, symmetric: true, granularity: .group(64)),
      try Scheme(bits: 4, points: .table(.nf4), granularity: .group(32)),
    ]
    for scheme in others {
      #expect(objections(scheme).first??.contains("groups of 64") == true)
    }
  }
}
