// The affine mode of mlx. The words of the packing, and what its own quantizer writes, come from mlx 0.32.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import Remedies
import TestSupport
import Testing

private let format = MLXFormat()

/// Schemes that mlx has kernels for.
private let schemes: [Scheme] = [2, 3, 4, 5, 6, 8].flatMap { bits in
  [32, 64, 128].flatMap { size in
    [Scheme.Points.symmetric, .offset].compactMap {
      try? Scheme(bits: bits, points: $0, granularity: .group(size))
    }
  }
}

/// One row `p` of words, scales and offsets in groups of 32 columns, and a configuration for it.
private func tensors(
  _ words: [UInt32], scales: [Float] = [-0.25], offsets: [Float] = [1.5], type: String = "U32"
) -> [RawSafetensors.Tensor] {
  [
    .init("p.weight", type, [1, words.count], RawSafetensors.bytes(words)),
    .init("p.scales", "F32", [1, scales.count], FloatFormat.float32.encode(scales)),
    .init("p.biases", "F32", [1, offsets.count], FloatFormat.float32.encode(offsets)),
  ]
}

private let row = LinearShape(name: "p", rows: 1, columns: 32)
private let words = [UInt32](repeating: 0x7654_3210, count: 4)

private func config(_ members: String, under name: String = "quantization") -> String {
  #"{"\#(name)": {"group_size": 32, "bits": 4\#(members)}}"#
}

@Suite struct `Weights in mlx's format` {
  @Test(arguments: schemes, FloatFormat.allCases)
  func `are read back identically`(scheme: Scheme, scales: FloatFormat) throws {
    let linear = LinearShape(name: "model.layers.0.up_proj", rows: 6, columns: 256)
    let weight = try quantized(linear, scheme, format, scales: scales)
    try TemporaryFolder.with { folder in
      let model = try folder.store(weight, linear, format, scales: scales)
      #expect(try model.decode(linear) == weight)
      #expect(model.tensors.count == 3)
    }
  }

  @Test(
    arguments: [
      (2, [0x1b1b_1b1b, 0x1b1b_1b1b]), (3, [0x5397_7053, 0x7053_9770, 0x9770_5397]),
      (4, [0x4d6f_81a3, 0xc5e7_092b, 0x4d6f_81a3, 0xc5e7_092b]),
      (5, [0x4dfc_4543, 0x7824_5ba3, 0x0753_617d, 0x4b27_6cf4, 0xe55c_7066]),
      (6, [0x9f61_1283, 0x90bb_d2d9, 0xb257_9740, 0x8f20_1eb3, 0x9cab_91d5, 0x7153_8703]),
      (
        8,
        [
          0x1811_0a03, 0x342d_261f, 0x5049_423b, 0x6c65_5e57, 0x8881_7a73, 0xa49d_968f, 0xc0b9_b2ab,
          0xdcd5_cec7,
        ]
      ),
    ] as [(Int, [UInt32])])
  func `are packed as mlx packs them`(bits: Int, expected: [UInt32]) throws {
    let scheme = try Scheme(bits: bits, points: .offset, granularity: .group(32))
    let grid = Grid(
      scheme: scheme, groupSize: 32, scales: Matrix(rows: 1, columns: 1) { _, _ in 0.5 },
      offsets: Matrix(rows: 1, columns: 1) { _, _ in -0.75 })
    let weight = QuantizedWeight(
      rows: 1, columns: 32, grid: grid,
      codes: (0..<32).map { UInt8((7 * $0 + 3) % (1 << bits)) })
    try TemporaryFolder.with { folder in
      let model = try folder.store(weight, row, format, scales: .bfloat16)
      #expect(try model.words("p.weight") == expected)
      #expect(model.tensor("p.weight")?.shape == TensorShape(.uint32, [1, bits]))
      #expect(model.tensor("p.scales")?.shape == TensorShape(.bfloat16, [1, 1]))
      #expect(try model.floats("p.scales", dimensions: [1, 1]) == [0.5])
      #expect(try model.floats("p.biases", dimensions: [1, 1]) == [-0.75])
    }
  }

  @Test func `are symmetric with an offset of half the codes`() throws {
    let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(32))
    let weight = try quantized(row, scheme, format)
    try TemporaryFolder.with { folder in
      let model = try folder.store(weight, row, format)
      let (scales, offsets) = try (
        model.floats("p.scales", dimensions: [1, 1]), model.floats("p.biases", dimensions: [1, 1])
      )
      #expect(offsets == [-8 * scales[0]])
    }
  }
}

@Suite struct `Folders of mlx-lm` {
  @Test(arguments: ["quantization", "quantization_config"], ["U32", "I32"])
  func `are read under either name, with scales below zero`(name: String, type: String) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(tensors(words, type: type), config: config("", under: name))
      let stated = try #require(model.configuration[name])
      let weight = try format.decode(row, in: model, stated).weight
      let expected = (0..<32).map { 1.5 - 0.25 * Float($0 % 8) }
      #expect(weight.dequantized().elements == expected)
      #expect(weight.grid.scheme.points == .offset)
      #expect(try CheckpointFormats.all.format(of: model)?.name == "mlx")
    }
  }

  @Test func `hold what mlx's quantizer chose`() throws {
    // Row (i − 10)/16, i = 0…63, by mx.quantize with 4 bits in groups of 64, and its negative.
    let columns = LinearShape(name: "p", rows: 1, columns: 64)
    let words: [UInt32] = [
      0xeeee_ffff, 0xcccd_dddd, 0xaaab_bbbc, 0x8889_999a, 0x6667_7778, 0x4445_5556, 0x2223_3334,
      0x0001_1112,
    ]
    for sign in [-1, 1] as [Float] {
      try TemporaryFolder.with { folder in
        let model = try folder.open(
          tensors(words, scales: [sign * 0.254_807_68], offsets: [-sign * 3.3125]),
          config: config(""))
        let stated = try #require(model.configuration["quantization"])
        let weight = try format.decode(columns, in: model, stated).weight
        for (i, value) in weight.dequantized().elements.enumerated() {
          #expect(abs(value + sign * Float(i - 10) / 16) <= 0.128, "\(i)")
        }
      }
    }
  }

  @Test(arguments: [
    #", "p": {"bits": 4, "group_size": 32}"#, #", "mode": "affine""#, #", "q": false"#,
    #", "p": {"bits": 4, "group_size": 32, "mode": "affine"}, "lm_head": false"#,
  ])
  func `may say more of a module`(members: String) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(tensors(words), config: config(members))
      let stated = try #require(model.configuration["quantization"])
      let weight = try format.decode(row, in: model, stated).weight
      #expect(weight.grid.scheme.bits == 4)
    }
  }

  @Test(arguments: [
    (#", "mode": "mxfp4""#, "quantization", "mode: expected affine"),
    (#", "p": false"#, "p", "expected an object, found a boolean"),
    (#", "p": {"bits": 3, "group_size": 32}"#, "p.bits", "expected 4"),
    (#", "p": {"bits": 4, "group_size": 64}"#, "p.group_size", "expected 32"),
    (#", "p": {"group_size": 64}"#, "p.bits", "no such member"),
    (#", "p": {"bits": 4, "group_size": 32, "mode": "nvfp4"}"#, "p.mode", "affine"),
  ])
  func `are refused where they contradict their tensors`(
    members: String, place: String, words complaint: String
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(tensors(words), config: config(members))
      let stated = try #require(model.configuration["quantization"])
      expectFailure("config.json", complaint) { try format.decode(row, in: model, stated) }
    }
  }

  @Test func `are refused where shapes have no number of bits, or a tensor is missing`() throws {
    let whole = tensors(words)
    for (found, complaint) in [
      (tensors(Array(words.prefix(3)) + [0, 0, 0, 0, 0, 0]), "2 to 8 bits, found 9"),
      (tensors(words, scales: [1, 1, 1], offsets: [1, 1, 1]), "4 words and 3 scales"),
      (tensors(words, scales: [], offsets: []), "4 words and 0 scales"),
      (tensors(words, scales: [1, 1]), "p.biases"),
      (Array(whole.dropLast()), "p.biases"), (Array(whole.dropFirst()), "p.weight"),
      ([whole[0], whole[2]], "p.scales"), (tensors(words, type: "F32"), "U32 is needed"),
    ] {
      try TemporaryFolder.with { folder in
        let model = try folder.open(found, config: config(""))
        let stated = try #require(model.configuration["quantization"])
        expectFailure(complaint) { try format.decode(row, in: model, stated) }
      }
    }
  }
}

@Suite struct `The quantization member of config.json` {
  private func scheme(_ bits: Int, _ size: Int = 64) throws -> LinearScheme {
    LinearScheme(try Scheme(bits: bits, points: .offset, granularity: .group(size)))
  }

  @Test func `names what differs from most, and what stays dense`() throws {
    let groups = SchemeGroup.groups(of: [
      ("b", try scheme(4)), ("a", try scheme(3)), ("c", try scheme(4)), ("d", try scheme(6, 32)),
    ])
    let config = format.configuration(
      of: groups, leaving: LinearSelection(quantized: ["a", "b", "c", "d"], dense: ["r"]),
      provenance: ["tool": "ptq"])
    #expect(
      config.text(.compact) == """
        {"group_size":64,"bits":4,"mode":"affine","a":{"group_size":64,"bits":3},\
        "d":{"group_size":32,"bits":6},"r":false}
        """)
    #expect(format.recognizes(config))
    #expect(
      format.configuration(of: try scheme(5), provenance: nil).text(.compact)
        == #"{"group_size":64,"bits":5,"mode":"affine"}"#)
  }

  @Test func `is written under both names`() {
    #expect(format.configurationMembers == ["quantization", "quantization_config"])
    #expect(AWQFormat().configurationMembers == ["quantization_config"])
  }
}

@Suite struct `mlx-lm` {
  private let linear = LinearShape(name: "up_proj", rows: 256, columns: 256)

  private func objection(
    _ bits: Int, _ points: Scheme.Points = .offset, _ granularity: Scheme.Granularity = .group(64),
    inputs: ActivationScheme? = nil
  ) throws -> EngineVerdict {
    let weights = try Scheme(bits: bits, points: points, granularity: granularity)
    let verdicts = EngineRules.verdicts(
      on: linear, LinearScheme(weights, activations: inputs), in: format)
    try #require(verdicts.map(\.engine) == ["mlx-lm"])
    return verdicts[0]
  }

  @Test(arguments: schemes)
  func `loads what it has kernels for`(scheme: Scheme) throws {
    #expect(try objection(scheme.bits, scheme.points, scheme.granularity).objection == nil)
  }

  @Test func `refuses everything else`() throws {
    #expect(try objection(7).remedies.first == .chooseBits([2, 3, 4, 5, 6, 8]))
    for granularity in [Scheme.Granularity.channel, .tensor, .group(16), .group(256)] {
      #expect(
        try objection(4, .offset, granularity).remedies == [.useGroups([32, 64, 128])])
    }
    #expect(try objection(4, .zeroPoint).remedies == [.useSymmetricWeights])
    #expect(try objection(4, .table(.nf4)).remedies.first == .useIntegerGrid)
    let token = ActivationScheme(granularity: .token, symmetric: true)
    #expect(
      try objection(8, .symmetric, inputs: token).remedies == [.chooseFormat("compressed-tensors")])
  }
}
