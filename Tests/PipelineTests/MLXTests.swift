import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Pipeline
import Quantizer
import Remedies
import Solvers
import Studies
import TestSupport
import Testing
import Transformer

private let mlx = MLXFormat()

extension TemporaryFolder {
  /// Quantizes a tiny model into `source`, in groups of 32.
  fileprivate func source(
    _ format: any CheckpointFormat, _ points: Scheme.Points, _ method: Method = .nearest,
    bits: Int = 4, weights: FloatFormat = .bfloat16
  ) throws -> LanguageModel {
    let scheme = try Scheme(bits: bits, points: points, granularity: .group(32))
    return try quantize(
      try open(TinyModel(weights)),
      QuantizationSettings(scheme: scheme, range: .solve, method: method, format: format),
      to: "source")
  }

  fileprivate func convert(
    _ model: LanguageModel, to format: any CheckpointFormat, as name: String = "out"
  ) throws -> LanguageModel {
    _ = try Conversion(of: model, to: format, output: path(name)).run()
    return try LanguageModel(ModelFolder(path: path(name)))
  }
}

@Suite struct `A model stored for mlx` {
  @Test(
    arguments: [Method.nearest, .gptq, Method(rounding: .coordinateDescent)],
    [2, 3, 4, 5, 6, 8])
  func `has the errors that the report says, with any method and width`(
    method: Method, bits: Int
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.source(mlx, .offset, method, bits: bits)
      let original = try LanguageModel(ModelFolder(path: folder.path("model")))
      let outcome = try Verification(model, madeFrom: original).run()
      #expect(outcome.findings.isEmpty && outcome.confirmed == model.linears.count + 1)
      let report = try #require(try RunReport(recordedIn: model.folder))
      #expect(report.tables.map(\.name) == ["model.embed_tokens"])
      #expect(report.tables[0].bitsPerWeight == 9 && report.tables[0].weightError < 1e-4)
      // 16 bits each for the scale and the offset of 32 codes.
      #expect(report.linears.allSatisfy { $0.bitsPerWeight == Double(bits) + 1 })
      let config = model.folder.configuration
      #expect(config["quantization"] == config["quantization_config"])
      for linear in model.linears {
        let found = try #require(try model.quantizedLinear(linear))
        #expect(found.scheme.weights.bits == bits)
      }
    }
  }

  @Test func `has the bits of a plan, module by module`() throws {
    try TemporaryFolder.with { folder in
      let dense = try folder.open()
      let bits = dense.linears.map { linear in
        let name = linear.name
        return (name, name.hasSuffix("down_proj") ? 6 : name.contains("0.self_attn") ? 3 : 4)
      }
      let plan = BitPlan(Dictionary(uniqueKeysWithValues: bits))
      let scheme = try Scheme(bits: 4, points: .offset, granularity: .group(32))
      let model = try folder.quantize(
        dense,
        QuantizationSettings(
          scheme: scheme, method: .nearest, format: mlx, bitPlan: plan))
      let stated = try model.folder.configuration.member("quantization")
      #expect(try stated.member("bits").int == 4)
      for linear in model.linears {
        let bits = try #require(plan[linear.name].flatMap { Int($0.description) })
        let found = try #require(try model.quantizedLinear(linear))
        #expect(found.scheme.weights.bits == bits)
        #expect(try stated.optionalMember(linear.name)?.member("bits").int ?? 4 == bits)
      }
    }
  }

  @Test func `refuses zero points, which it would have to round`() throws {
    try TemporaryFolder.with { folder in
      let error = #expect(throws: RunError.self) { try folder.source(mlx, .zeroPoint) }
      #expect(error?.remedies == [.useSymmetricWeights])
    }
  }
}

@Suite struct `Conversion to and from mlx` {
  @Test(
    arguments: [
      CompressedTensorsFormat(), GPTQFormat(), AWQFormat(),
    ] as [any CheckpointFormat], [FloatFormat.float16, .bfloat16])
  func `of symmetric weights is exact, there and back`(
    other: any CheckpointFormat, weights: FloatFormat
  ) throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(other, .symmetric, weights: weights)
      let there = try folder.convert(source, to: mlx)
      let back = try folder.convert(there, to: other, as: "back")
      #expect(there.format?.name == "mlx" && back.format?.name == other.name)
      for linear in source.linears {
        let before = try #require(try source.quantizedLinear(linear)).weight
        let stored = try #require(try there.quantizedLinear(linear)).weight
        #expect(stored.dequantized() == before.dequantized() && stored.grid.scheme.isSymmetric)
      }
      let (before, after) = try (
        folder.read("source/model.safetensors"), folder.read("back/model.safetensors")
      )
      #expect(before == after)
      // Nothing of mlx-lm's statement stays beside that of another format.
      #expect(back.folder.configuration["quantization"] == nil)
      #expect(there.folder.configuration["quantization"] != nil)
    }
  }

  @Test func `of zero points is exact where their offsets can be stored, and refused elsewhere`()
    throws
  {
    for (scale, isExact) in [(Float(0.5), true), (FloatFormat.bfloat16.rounded(0.3), false)] {
      try TemporaryFolder.with { folder in
        let source = try folder.zeroPoints(scale: scale)
        guard isExact else {
          #expect {
            try folder.convert(source, to: mlx)
          } throws: { error in
            guard case .offset(_, _, .bfloat16, "mlx")? = error as? ConversionError else {
              return false
            }
            return "\(error)".contains("q_proj")
          }
          return
        }
        let there = try folder.convert(source, to: mlx)
        let back = try folder.convert(there, to: CompressedTensorsFormat(), as: "back")
        for linear in source.linears {
          let before = try #require(try source.quantizedLinear(linear)).weight
          let stored = try #require(try there.quantizedLinear(linear)).weight
          #expect(stored.dequantized() == before.dequantized())
          #expect(stored.grid.scheme.points == .offset)
          #expect(try back.quantizedLinear(linear)?.weight == before)
        }
      }
    }
  }

  @Test func `of free offsets is refused with one of them`() throws {
    try TemporaryFolder.with { folder in
      let symmetric = try folder.source(CompressedTensorsFormat(), .symmetric)
      let source = try folder.convert(symmetric, to: mlx, as: "free")
      try folder.replace("free", "biases") { FloatFormat.bfloat16.encode($0.map { $0 * 1.125 }) }
      let free = try LanguageModel(ModelFolder(path: source.folder.path))
      #expect {
        try folder.convert(free, to: AWQFormat())
      } throws: { error in
        guard case .points(let linear, let entry, "awq")? = error as? ConversionError else {
          return false
        }
        return "\(error)".contains("\(entry.offset)") && linear.contains("layers.0")
      }
      #expect(try folder.names() == ["free", "model", "source"])
    }
  }

  @Test func `of a quantized embedding is refused`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(mlx, .symmetric)
      #expect {
        try folder.convert(source, to: AWQFormat())
      } throws: { error in
        guard case .quantizedTable("model.embed_tokens", _)? = error as? ConversionError else {
          return false
        }
        return true
      }
    }
  }
}

extension TemporaryFolder {
  /// A compressed-tensors folder in bfloat16 whose groups all have one scale, and zero points 1 to 15.
  fileprivate func zeroPoints(scale: Float) throws -> LanguageModel {
    let format = CompressedTensorsFormat()
    _ = try source(format, .zeroPoint)
    try replace("source", "weight_scale") {
      FloatFormat.bfloat16.encode([Float](repeating: scale, count: $0.count))
    }
    let model = try ModelFolder(path: path("source"))
    let tensors = model.tensors.map { tensor in
      // Nibbles down the rows, which fill every word.
      let bytes: [UInt8] =
        tensor.name.hasSuffix("weight_zero_point")
        ? tensor.bytes.indices.map { [0x21, 0x43, 0x65, 0xF7][$0 % 4] } : tensor.bytes
      return RawSafetensors.Tensor(
        tensor.name, tensor.shape.type.rawValue, tensor.shape.dimensions, bytes)
    }
    try write("source/model.safetensors", RawSafetensors.file(tensors))
    return try LanguageModel(ModelFolder(path: path("source")))
  }

  /// Replaces the values of all bfloat16 tensors whose names end so.
  fileprivate func replace(
    _ name: String, _ suffix: String, _ change: ([Float]) -> [UInt8]
  ) throws {
    let model = try ModelFolder(path: path(name))
    let tensors = try model.tensors.map { tensor in
      let values =
        try tensor.name.hasSuffix(suffix)
        ? model.floats(tensor.name, dimensions: tensor.shape.dimensions) : nil
      return RawSafetensors.Tensor(
        tensor.name, tensor.shape.type.rawValue, tensor.shape.dimensions,
        values.map(change) ?? tensor.bytes)
    }
    try write("\(name)/model.safetensors", RawSafetensors.file(tensors))
  }
}
