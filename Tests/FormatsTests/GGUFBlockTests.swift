// The blocks of llama.cpp's types. What bytes stand for was computed by ggml's own functions.

import Checkpoint
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Formats

/// What a block of made-up bytes stands for, by ggml: a few values and their sum.
private struct Golden: Sendable, CustomTestStringConvertible {
  let type: GGUFType
  let values: [Int: Float]
  let sum: Float
  var testDescription: String { type.name }

  init(_ type: GGUFType, _ values: [Int: Float], sum: Float) {
    (self.type, self.values, self.sum) = (type, values, sum)
  }

  /// Byte i is 73i + 11, but for d = 0.01 and d′ = 0.02 at their places, or the exponent 120.
  var bytes: [UInt8] {
    var bytes = (0..<type.blockByteCount).map { UInt8(truncatingIfNeeded: 73 * $0 + 11) }
    // Two bits are −1, 0 or 1 here.
    if type == .tq20 { bytes = bytes.map { $0 & 0x99 } }
    let places: (Int, Int?) =
      switch type {
      case .q41, .q51, .q4K, .q5K: (0, 2)
      case .q2K: (80, 82)
      case .q3K: (108, nil)
      case .q6K: (208, nil)
      case .tq10: (52, nil)
      case .tq20: (64, nil)
      default: (0, nil)
      }
    if type == .mxfp4 {
      bytes[0] = 120
      return bytes
    }
    bytes.replaceSubrange(places.0..<places.0 + 2, with: FloatFormat.float16.encode([0.01]))
    if let place = places.1 {
      bytes.replaceSubrange(place..<place + 2, with: FloatFormat.float16.encode([0.02]))
    }
    return bytes
  }
}

private let goldens: [Golden] = [
  Golden(
    .q40,
    [0: 0.050_010_68, 1: -0.020_004_27, 2: 0.070_014_95, 3: 0, 16: 0.010_002_14, 17: 0.060_012_82],
    sum: -0.150_032),
  Golden(
    .q41,
    [
      0: 0.170_036_3, 1: 0.100_021_4, 2: 0.030_006_41, 3: 0.120_025_6, 16: 0.040_008_54,
      17: 0.090_019_23,
    ],
    sum: 2.910_622),
  Golden(
    .q50,
    [0: 0.010_002_14, 1: -0.060_012_82, 2: 0.030_006_41, 3: 0.120_025_6, 16: 0.120_025_6, 17: 0],
    sum: 0.210_044_9),
  Golden(
    .q51,
    [
      0: 0.210_044_9, 1: 0.300_064_1, 2: 0.230_049_1, 3: 0.320_068_4, 16: 0.230_049_1,
      17: 0.110_023_5,
    ],
    sum: 5.191_109),
  Golden(
    .q80,
    [
      0: -0.990_211_5, 1: -0.260_055_5, 2: 0.470_100_4, 3: 1.200_256, 16: 0.450_096_1,
      17: 1.180_252,
    ],
    sum: 2.720_581),
  Golden(
    .q2K,
    [0: 0.330_070_5, 1: 0, 2: 0.110_023_5, 3: 0.220_047, 16: 0.020_004_27, 17: -0.100_021_36],
    sum: -4.470_955),
  Golden(
    .q3K,
    [
      0: 0.810_173, 1: -1.080_231, 2: 0.270_057_7, 3: -0.540_115_4, 16: -0.840_179_4, 17: 1.120_239,
      32: -0.060_012_82, 33: 0.090_019_23, 128: -0.220_047, 129: 0,
    ], sum: -3.490_746),
  Golden(
    .q4K,
    [
      0: 4.791_023_3, 1: 1.500_320_4, 2: 5.731_224, 3: 2.440_521_2, 32: 4.480_957, 33: 7.281_555,
      128: 0.310_066_22, 129: -0.180_038_45,
    ], sum: 302.384_58),
  Golden(
    .q5K,
    [
      0: 12.312_63, 1: 1.500_32, 2: 13.252_83, 3: 2.440_521, 16: 12.312_63, 32: 14.563_11,
      33: -0.560_119_6, 128: 1.430_305, 129: -0.180_038_5,
    ], sum: 790.168_8),
  Golden(
    .q6K,
    [
      0: -14.313_057, 1: 14.843_17, 2: 1.590_339_7, 3: -3.180_679_3, 32: 10.232_185,
      33: -11.162_384,
      64: 5.441_162, 65: 1.870_399_5,
    ], sum: -10.602_264),
  Golden(
    .iq4NL,
    [
      0: 0.690_147_4, 1: -0.220_047, 2: 1.130_241, 3: 0.010_002_14, 16: 0.130_027_8,
      17: 0.890_190_1,
    ],
    sum: -1.920_41),
  Golden(
    .iq4XS,
    [
      0: 0.650_138_9, 1: -0.530_113_2, 2: 0.350_074_8, 3: -0.890_190_1, 16: 0.350_074_8,
      17: -0.130_027_8, 32: -11.702_5, 33: 9.542_038,
    ], sum: -61.443_12),
  Golden(
    .tq10,
    [
      0: -0.010_002_136, 2: 0, 3: 0.010_002_136, 17: 0.010_002_136, 33: 0.010_002_136,
      100: 0.010_002_136,
      160: -0.010_002_136, 161: 0, 200: -0.010_002_136, 240: 0.010_002_136, 241: -0.010_002_136,
      255: 0.010_002_136,
    ], sum: -0.050_010_68),
  Golden(
    .tq20,
    [
      0: 0, 1: -0.010_002_136, 2: 0, 16: 0, 32: 0.010_002_136, 33: -0.010_002_136,
      64: -0.010_002_136,
      128: 0, 255: -0.010_002_136,
    ], sum: -0.740_158_1),
  Golden(
    .mxfp4,
    [
      0: 0.015_625, 1: -0.023_437_5, 2: 0.031_25, 3: -0.046_875, 16: 0.023_437_5,
      17: -0.003_906_25,
    ], sum: 0.074_218_75),
]

private let types = GGUFType.allCases.filter { $0.scheme != nil }

@Suite struct `Blocks of llama.cpp` {
  @Test func `are all compared`() {
    #expect(Set(goldens.map(\.type)) == Set(types))
  }

  @Test(arguments: goldens)
  private func `stand for what ggml computes`(golden: Golden) throws {
    let blocks = try #require(GGUFBlocks(golden.type))
    let found = blocks.unpacked(golden.bytes, rows: 1, columns: golden.type.blockLength)
      .dequantized().elements
    for (i, value) in golden.values {
      #expect(abs(found[i] - value) <= 1e-6 * max(1, abs(value)), "\(i): \(found[i])")
    }
    let sum = found.reduce(0.0) { $0 + Double($1) }
    #expect(abs(sum - Double(golden.sum)) <= 1e-5 * max(1, abs(Double(golden.sum))))
  }

  @Test(arguments: [
    (GGUFType.q40, 2.75, 0, "40b96c5b5b5b4a4a3a393928282817170606"),
    (.q50, 2.75, 0, "40b5ff070000b8b7a695858473625251403f2e2e1d0c"),
  ])
  func `are packed as ggml packs them`(
    type: GGUFType, largest: Float, offset: Float, hex: String
  ) throws {
    // Row (i − 10)/4, of which ggml takes the largest magnitude for the lowest code.
    let row = (0..<32).map { Float($0 - 10) / 4 }
    let scheme = try #require(type.scheme)
    let scale = FloatFormat.float16.rounded(row[31] / -Float(scheme.middleCode))
    let inverse = 1 / (row[31] / -Float(scheme.middleCode))
    let codes = row.map { value -> UInt8 in
      UInt8(min(Float(scheme.largestCode), (value * inverse + Float(scheme.middleCode) + 0.5)))
    }
    let one = { (value: Float) in Matrix(rows: 1, columns: 1) { _, _ in value } }
    let weight = QuantizedWeight(
      rows: 1, columns: 32,
      grid: Grid(
        scheme: scheme, groupSize: 32, scales: one(scale), offsets: one(Float(scheme.middleCode))),
      codes: codes)
    let bytes = try #require(GGUFBlocks(type)).packed(weight)
    #expect(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == hex)
  }

  @Test(arguments: [
    (
      GGUFType.tq10,
      String(repeating: "456ccf", count: 10) + "456c94bb3194bb3194bb3194bb3194bb31943092bb301f21"
    ),
    (.tq20, String(repeating: "186186", count: 21) + "181f21"),
  ])
  func `of ternary levels are packed as ggml packs them`(type: GGUFType, hex: String) throws {
    let scheme = try #require(type.scheme)
    let grid = Grid(
      scheme: scheme, groupSize: 256, scales: Matrix(rows: 1, columns: 1) { _, _ in 0.01 },
      offsets: Matrix(rows: 1, columns: 1))
    let weight = QuantizedWeight(
      rows: 1, columns: 256, grid: grid, codes: (0..<256).map { UInt8(7 * $0 % 3) })
    let bytes = try #require(GGUFBlocks(type)).packed(weight)
    #expect(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == hex)
  }

  @Test func `of floats of 4 bits are those that ggml makes of a row`() throws {
    let hex = "7f3c3c4c4b4b5a5a595960606061616272"
    let bytes = stride(from: 0, to: 34, by: 2).compactMap {
      UInt8(hex.dropFirst($0).prefix(2), radix: 16)
    }
    let blocks = try #require(GGUFBlocks(.mxfp4))
    let found = blocks.unpacked(bytes, rows: 1, columns: 32)
    #expect(blocks.packed(found) == bytes)
    // The nearest levels, of which ggml takes the lower code at a tie.
    let row = (0..<32).map { Float($0 - 10) / 4 }
    for (value, stored) in zip(row, found.dequantized().elements) {
      let nearest = LevelTable.e2m1.values.map { abs($0 - value) }.min()
      #expect(abs(stored - value) == nearest, "\(value)")
    }
  }

  @Test(arguments: [(UInt8(0), Float(0x1p-127)), (1, 0x1p-126), (254, 0x1p127)])
  func `of floats of 4 bits have every power of two that is a number`(
    exponent: UInt8, scale: Float
  ) throws {
    let blocks = try #require(GGUFBlocks(.mxfp4))
    let bytes = [exponent] + [UInt8](repeating: 0x2a, count: 16)
    let found = blocks.unpacked(bytes, rows: 1, columns: 32)
    #expect(found.grid.scales[0, 0] == scale)
    #expect(found.dequantized()[0, 0] == -scale && found.dequantized()[0, 16] == scale)
    #expect(blocks.packed(found) == bytes)
  }

  @Test func `of two bits for three levels are refused where they hold a fourth`() throws {
    let format = GGUFFormat(.tq20)
    let linear = LinearShape(name: "p", rows: 1, columns: 256)
    let weight = QuantizedLinear(
      try quantized(linear, try #require(GGUFType.tq20.scheme), format))
    var bytes = format.encode(weight, scales: .float16)[0]
    bytes[5] = 0xff
    let config: JSONValue = [
      "quantization_config": ["quant_method": "gguf", "types": ["p": "TQ2_0"]]
    ]
    try TemporaryFolder.with { folder in
      let model = try folder.open(
        [RawSafetensors.Tensor("p.weight", "U8", [1, 66], bytes)], config: config.text())
      expectFailure("has a code 3 in row 0, of which TQ2_0 knows 0 to 2") {
        try model.decode(linear)
      }
    }
  }

  @Test(arguments: types)
  func `are read back identically`(type: GGUFType) throws {
    let linear = LinearShape(name: "p", rows: 5, columns: 512)
    let weight = try quantized(linear, try #require(type.scheme), GGUFFormat())
    let blocks = try #require(GGUFBlocks(type))
    let bytes = blocks.packed(weight)
    #expect(bytes.count == 5 * (type.byteCount(ofRow: 512) ?? 0))
    #expect(blocks.unpacked(bytes, rows: 5, columns: 512) == weight)
    #expect(GGUFType(weight.grid.scheme) == type)
  }
}

@Suite struct `Scales of super-blocks` {
  private let integers = SharedFactor.Integers(range: 1...63, hasZero: false)

  @Test func `are found again`() {
    var generator = SplitMix64(seed: 1)
    for _ in 0..<200 {
      let factor = FloatFormat.float16.rounded(Float(generator.gaussian()) * 1e-3)
      let values = (0..<8).map { _ in factor * Float(generator.integer(in: 1..<64)) }
      guard factor != 0, factor > 0 else { continue }
      let found = SharedFactor(exactly: values, integers)
      #expect(found?.values == values)
    }
  }

  @Test func `lose no more than with the largest at the end of the range`() {
    var generator = SplitMix64(seed: 2)
    for range in [1...63, 1...15, -32...31, -128...127] as [ClosedRange<Int>] {
      let integers = SharedFactor.Integers(range: range, hasZero: false)
      var (ours, plain) = (0.0, 0.0)
      for _ in 0..<100 {
        let values = (0..<8).map { _ in Float(abs(generator.gaussian()) + 0.2) * 1e-2 }
        let factor = FloatFormat.float16.rounded((values.max() ?? 0) / Float(range.upperBound))
        func loss(_ stored: [Float]) -> Double {
          zip(values, stored).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        }
        ours += loss(SharedFactor(nearestTo: values, integers).values)
        plain += loss(values.map { factor * Float(integers.nearest($0 / factor)) })
      }
      #expect(ours < plain, "\(range)")
    }
  }

  @Test func `that are 0 or beyond all numbers stay what can be reported`() {
    #expect(SharedFactor(nearestTo: [0, 0], integers).factor == 0)
    #expect(SharedFactor(nearestTo: [1e-30, 1e-31], integers).values.allSatisfy { $0 > 0 })
    #expect(!SharedFactor(nearestTo: [1e30, 1], integers).factor.isFinite)
    #expect(!SharedFactor(nearestTo: [.infinity, 1], integers).factor.isFinite)
  }
}

@Suite struct `The encoding of GGUF` {
  @Test(arguments: types)
  func `keeps a grid that can be stored`(type: GGUFType) throws {
    let scheme = try #require(type.scheme)
    let linear = LinearShape(name: "p", rows: 3, columns: 512)
    let grid = try quantized(linear, scheme, GGUFFormat()).grid
    #expect(GGUFFormat().encoding(scales: .float16).nearest(to: grid) == grid)
    let bits = GGUFFormat().encoding(scales: .float16).bitsPerGroup(scheme)
    let groups = type.blockLength / grid.groupSize
    #expect(
      Double(groups) * bits + Double(scheme.bits * type.blockLength)
        == Double(8 * type.blockByteCount))
  }

  @Test(arguments: [GGUFType.q2K, .q4K, .q5K])
  func `has no offset above 0`(type: GGUFType) throws {
    let scheme = try #require(type.scheme)
    let weights = Matrix(rows: 1, columns: 256) { _, j in 0.5 + Float(j % 7) / 10 }
    let rule = GridRule(range: .minMax, encoding: GGUFFormat().encoding(scales: .float16))
    let grid = try rule.grid(for: weights, scheme: scheme)
    #expect(grid.offsets.elements.allSatisfy { $0 == 0 })
    #expect(QuantizedWeight(nearest: weights, on: grid).clippedShare(of: weights) == 0)
  }

  @Test(arguments: types)
  func `has a grid for zeros`(type: GGUFType) throws {
    let scheme = try #require(type.scheme)
    let weights = Matrix(rows: 1, columns: 256) { _, j in j < 128 ? 0 : Float(j % 5) }
    for zeros in [weights, Matrix(rows: 1, columns: 256)] {
      let rule = GridRule(range: .minMax, encoding: GGUFFormat().encoding(scales: .float16))
      let grid = try rule.grid(for: zeros, scheme: scheme)
      let found = QuantizedWeight(nearest: zeros, on: grid)
      let blocks = try #require(GGUFBlocks(type))
      #expect(blocks.unpacked(blocks.packed(found), rows: 1, columns: 256) == found)
      let nearest = scheme.points == .table(.iq4) ? 0.1 : 0
      for j in 0..<128 { #expect(abs(found.dequantized()[0, j]) <= Float(nearest)) }
    }
  }
}
