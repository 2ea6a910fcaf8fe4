import Checkpoint
import Formats
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

/// Codes on a grid of one scale for each row.
private func weight(
  rows: Int, columns: Int, bits: Int, symmetric: Bool = true, zeroPoints: [UInt8]? = nil,
  _ code: (Int, Int) -> Int
) throws -> QuantizedWeight {
  let scheme = try Scheme(bits: bits, symmetric: symmetric, granularity: .channel)
  let middle = [UInt8](repeating: UInt8(scheme.middleCode), count: rows)
  let scales = Matrix(rows: rows, columns: 1) { row, _ in Float(row + 1) }
  return QuantizedWeight(
    rows: rows, columns: columns,
    grid: Grid(
      scheme: scheme, groupSize: columns, scales: scales, zeroPoints: zeroPoints ?? middle),
    codes: (0..<rows * columns).map { UInt8(code($0 / columns, $0 % columns)) })
}

/// Opens a folder that holds one weight, stored as the Linear `p`.
private func stored<Result>(
  _ weight: QuantizedWeight, _ format: any CheckpointFormat,
  _ body: (ModelFolder) throws -> Result
) throws -> Result {
  try TemporaryFolder.with { folder in
    let linear = LinearShape(name: "p", rows: weight.rows, columns: weight.columns)
    return try body(try folder.store(weight, linear, format))
  }
}

@Suite struct `Words that other tools write` {
  @Test(
    arguments: [
      (2, [0x5555_5555]), (4, [0x7777_7777]), (8, [0x7F7F_7F7F]),
      (3, [0xDB6D_B6DB, 0xB6DB_6DB6, 0x6DB6_DB6D]),
    ] as [(Int, [UInt32])])
  func `zero points of a symmetric GPTQ file are one below the middle`(
    bits: Int, words: [UInt32]
  ) throws {
    let weight = try weight(rows: 32, columns: 32, bits: bits) { _, _ in 0 }
    try stored(weight, GPTQFormat()) { folder in
      let expected = (0..<bits).map { words[$0 % words.count] }
      let zeros = try folder.words("p.qzeros")
      #expect(zeros == expected)
      #expect(folder.tensor("p.qzeros")?.shape == TensorShape(.int32, [1, bits]))
    }
  }

  @Test func `GPTQ packs down the inputs, one column for each output`() throws {
    let column = [1, 2, 3, 4, 5, 6, 7, 15]
    let weight = try weight(rows: 8, columns: 16, bits: 4) { row, input in
      row == 2 ? column[input % 8] : input < 8 ? 0 : 9
    }
    try stored(weight, GPTQFormat()) { folder in
      #expect(folder.tensor("p.qweight")?.shape == TensorShape(.int32, [2, 8]))
      let words = try folder.words("p.qweight")
      #expect(words[2] == 0xF765_4321 && words[8 + 2] == 0xF765_4321)
      #expect(words[0] == 0 && words[8] == 0x9999_9999)
      #expect(try folder.floats("p.scales", dimensions: [1, 8]) == (1...8).map(Float.init))
      #expect(folder.tensor("p.scales")?.shape.type == .float16)
      #expect(folder.tensor("p.g_idx")?.shape == TensorShape(.int32, [16]))
      #expect(try folder.words("p.g_idx").allSatisfy { $0 == 0 })
      #expect(folder.tensor("p.weight") == nil)
    }
  }

  @Test func `GPTQ numbers the groups of the inputs`() throws {
    let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(8))
    let linear = LinearShape(name: "p", rows: 8, columns: 24)
    let weight = try quantized(linear, scheme, GPTQFormat())
    try stored(weight, GPTQFormat()) { folder in
      #expect(try folder.words("p.g_idx") == (0..<24).map { UInt32($0 / 8) })
      #expect(folder.tensor("p.scales")?.shape == TensorShape(.float16, [3, 8]))
      let scales = try folder.floats("p.scales", dimensions: [3, 8])
      #expect(scales[2 * 8 + 5] == weight.grid.scales[5, 2])
    }
  }

  @Test func `compressed-tensors packs along each row`() throws {
    let weight = try weight(rows: 3, columns: 16, bits: 4) { row, input in
      row == 1 ? input : 8
    }
    try stored(weight, CompressedTensorsFormat()) { folder in
      #expect(folder.tensor("p.weight_packed")?.shape == TensorShape(.int32, [3, 2]))
      let words = try folder.words("p.weight_packed")
      #expect(words[2...3] == [0x7654_3210, 0xFEDC_BA98] && words[0] == 0x8888_8888)
      #expect(folder.tensor("p.weight_shape")?.shape == TensorShape(.int64, [2]))
      #expect(try folder.words("p.weight_shape") == [3, 0, 16, 0])
      #expect(try folder.floats("p.weight_scale", dimensions: [3, 1]) == [1, 2, 3])
      #expect(folder.tensors.count == 3)
    }
  }

  @Test(
    arguments: [
      (2, 16, [0xE4E4_E4E4]), (3, 32, [0x88FA_C688, 0xC688_FAC6, 0xFAC6_88FA]),
    ] as [(Int, Int, [UInt32])])
  func `compressed-tensors packs odd widths without gaps`(
    bits: Int, columns: Int, words: [UInt32]
  ) throws {
    let weight = try weight(rows: 1, columns: columns, bits: bits) { $1 % (1 << bits) }
    try stored(weight, CompressedTensorsFormat()) { folder in
      let packed = try folder.words("p.weight_packed")
      #expect(packed == words)
    }
  }

  @Test func `zero points of compressed-tensors are packed down the outputs`() throws {
    let zeros: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 15, 9]
    let weight = try weight(
      rows: 9, columns: 8, bits: 4, symmetric: false, zeroPoints: zeros
    ) { _, _ in 0 }
    try stored(weight, CompressedTensorsFormat()) { folder in
      #expect(folder.tensor("p.weight_zero_point")?.shape == TensorShape(.int32, [2, 1]))
      let words = try folder.words("p.weight_zero_point")
      #expect(words == [0xF765_4321, 9])
    }
  }

  @Test func `zero points of GPTQ are packed across the outputs, minus one`() throws {
    let zeros: [UInt8] = [2, 3, 4, 5, 6, 7, 8, 15]
    let weight = try weight(
      rows: 8, columns: 8, bits: 4, symmetric: false, zeroPoints: zeros
    ) { _, _ in 0 }
    try stored(weight, GPTQFormat()) { folder in
      let words = try folder.words("p.qzeros")
      #expect(words == [0xE765_4321])
    }
  }

  @Test func `AWQ packs across the outputs, even ones first`() throws {
    let weight = try weight(
      rows: 16, columns: 3, bits: 4, symmetric: false, zeroPoints: (0..<16).map { UInt8($0) }
    ) { row, input in input == 1 ? row : 0 }
    try stored(weight, AWQFormat()) { folder in
      #expect(folder.tensor("p.qweight")?.shape == TensorShape(.int32, [3, 2]))
      let (words, zeros) = (try folder.words("p.qweight"), try folder.words("p.qzeros"))
      #expect(words == [0, 0, 0x7531_6420, 0xFDB9_ECA8, 0, 0] && zeros == [words[2], words[3]])
      #expect(folder.tensor("p.qzeros")?.shape == TensorShape(.int32, [1, 2]))
      #expect(folder.tensor("p.scales")?.shape == TensorShape(.float16, [1, 16]))
      #expect(folder.tensors.count == 3)
    }
  }

  @Test func `int8 weights are signed, with a scale for each row or for the matrix`() throws {
    let codes = [0, 1, 127, 128, 255]
    let rows = try weight(rows: 2, columns: 5, bits: 8) { $0 == 0 ? codes[$1] : 128 }
    let inputs = ActivationQuantizer.tensor(
      ActivationGrid(scale: 0.5, zeroPoint: -2), symmetric: false)
    try TemporaryFolder.with { folder in
      let linear = LinearShape(name: "p", rows: 2, columns: 5)
      let model = try folder.store(
        rows, linear, CompressedTensorsFormat(), scales: .bfloat16, activations: inputs)
      #expect(model.tensor("p.weight")?.shape == TensorShape(.int8, [2, 5]))
      let stored = try #require(model.tensor("p.weight")).bytes
      #expect(stored.map { Int8(bitPattern: $0) } == [-128, -127, -1, 0, 127, 0, 0, 0, 0, 0])
      #expect(model.tensor("p.weight_scale")?.shape == TensorShape(.bfloat16, [2, 1]))
      #expect(try model.floats("p.weight_scale", dimensions: [2, 1]) == [1, 2])
      #expect(try model.floats("p.input_scale", dimensions: [1]) == [0.5])
      #expect(model.tensor("p.input_zero_point")?.shape == TensorShape(.int8, [1]))
      #expect(model.tensor("p.input_zero_point")?.bytes == [0xFE])
      #expect(model.tensors.count == 4)
    }
  }
}
