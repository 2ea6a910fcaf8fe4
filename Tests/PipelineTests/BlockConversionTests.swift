// Conversions to GGUF files and from them, by every decoded weight.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import Studies
import TestSupport
import Testing
import Transformer

extension TemporaryFolder {
  /// Rounds a tiny model with a tokenizer into `source`.
  fileprivate func source(
    _ format: any CheckpointFormat, _ points: Scheme.Points = .symmetric, bits: Int = 4,
    size: Int = 32, weights: FloatFormat = .float16, biases: Bool = false,
    solves: Bool = false
  ) throws -> LanguageModel {
    try write("model/tokenizer.json", TinyModel.tokenizer)
    let scheme =
      try format.standardScheme
      ?? Scheme(bits: bits, points: points, granularity: size == 0 ? .channel : .group(size))
    let output = format.isFile ? "source.gguf" : "source"
    _ = try QuantizationRun(
      model: open(TinyModel(weights, attentionBias: biases)),
      settings: QuantizationSettings(
        scheme: scheme, range: .solve, method: solves ? .gptq : .nearest, format: format),
      calibration: solves ? .random : nil, output: path(output)
    ).run()
    return try LanguageModel(ModelFolder(opening: path(output)))
  }

  /// Converts a model, and opens the result.
  fileprivate func convert(
    _ model: LanguageModel, to format: any CheckpointFormat, as name: String? = nil
  ) throws -> LanguageModel {
    let output = path(name ?? (format.isFile ? "out.gguf" : "out"))
    _ = try Conversion(of: model, to: format, output: output).run()
    return try LanguageModel(ModelFolder(opening: output))
  }

  /// The message with which a conversion is refused, which leaves nothing behind.
  fileprivate func refusal(
    of model: LanguageModel, to format: any CheckpointFormat = GGUFFormat()
  ) throws -> String {
    let before = try names()
    var message = "nothing"
    do {
      _ = try convert(model, to: format)
    } catch {
      message = "\(error)".replacing("\(path)/", with: "")
    }
    #expect(try names() == before)
    return message
  }
}

extension LanguageModel {
  /// The types of all quantized Linears.
  fileprivate func types() throws -> Set<String> {
    Set(
      try linears.map { linear in
        let scheme = try #require(try quantizedLinear(linear)).scheme.weights
        return GGUFType(scheme)?.name ?? "none"
      })
  }

  /// Checks that every Linear and every other tensor of floats is that of another model.
  fileprivate func expectValues(of other: LanguageModel) throws {
    for linear in linears {
      let (a, b) = try (quantizedLinear(linear), other.quantizedLinear(linear))
      #expect(try #require(a).dequantized() == #require(b).dequantized(), "\(linear.name)")
    }
    let dense = other.folder.tensors.filter {
      $0.shape.type.floatFormat != nil && !$0.name.contains("scale") && !$0.name.hasSuffix("biases")
    }
    #expect(!dense.isEmpty)
    for tensor in dense {
      guard let own = folder.tensor(tensor.name)?.shape, own.type.floatFormat != nil else {
        continue
      }
      #expect(
        try folder.floats(tensor.name, dimensions: own.dimensions)
          == other.folder.floats(tensor.name, dimensions: own.dimensions), "\(tensor.name)")
    }
  }
}

/// What becomes of a width and kind of points.
private struct Pair: Sendable, CustomTestStringConvertible {
  let format: any CheckpointFormat
  let points: Scheme.Points
  let bits: Int
  let types: Set<String>
  var size = 32
  var weights = FloatFormat.float16
  var testDescription: String { "\(format.label) \(bits) bits \(points) \(size)" }
}

private let pairs: [Pair] = [
  Pair(format: CompressedTensorsFormat(), points: .symmetric, bits: 4, types: ["Q4_0"]),
  Pair(format: CompressedTensorsFormat(), points: .symmetric, bits: 2, types: ["Q4_0"]),
  Pair(format: CompressedTensorsFormat(), points: .zeroPoint, bits: 3, types: ["Q4_0"]),
  Pair(format: CompressedTensorsFormat(), points: .symmetric, bits: 5, types: ["Q5_0"]),
  Pair(format: CompressedTensorsFormat(), points: .symmetric, bits: 8, types: ["Q8_0"]),
  Pair(format: CompressedTensorsFormat(), points: .zeroPoint, bits: 6, types: ["Q8_0"]),
  Pair(format: CompressedTensorsFormat(.mxfp4), points: .symmetric, bits: 4, types: ["MXFP4"]),
  Pair(
    format: CompressedTensorsFormat(), points: .symmetric, bits: 4, types: ["Q4_0"], size: 0,
    weights: .bfloat16),
  Pair(format: GPTQFormat(), points: .symmetric, bits: 4, types: ["Q4_0"]),
  Pair(format: AWQFormat(), points: .zeroPoint, bits: 4, types: ["Q5_0"]),
  Pair(format: MLXFormat(), points: .offset, bits: 4, types: ["Q4_1"]),
  Pair(format: MLXFormat(), points: .offset, bits: 5, types: ["Q5_1"], weights: .bfloat16),
  Pair(format: MLXFormat(), points: .symmetric, bits: 4, types: ["Q4_0"]),
]

@Suite struct `A model converted to GGUF` {
  @Test(arguments: pairs)
  private func `has every weight as it was, in the shortest blocks that have them`(pair: Pair)
    throws
  {
    try TemporaryFolder.with { folder in
      let source = try folder.source(
        pair.format, pair.points, bits: pair.bits, size: pair.size, weights: pair.weights,
        biases: true)
      let file = try folder.convert(source, to: GGUFFormat())
      // A group of 32 random codes may happen to have a place in fewer bits.
      let types = try file.types()
      #expect(types.isSubset(of: pair.types.union(["Q4_0"])) && !types.isDisjoint(with: pair.types))
      try file.expectValues(of: source)
      #expect(file.folder.hasCompanion("tokenizer.json"))
      // The recorded errors stand in the file, with its bits.
      let report = try #require(try RunReport(recordedIn: file.folder))
      let least = report.linears.map(\.bitsPerWeight).min() ?? 0
      #expect(report.linears.count == 14 && least >= 4.25)
    }
  }

  @Test func `names in its header what most weights are`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(CompressedTensorsFormat(), bits: 8)
      _ = try folder.convert(source, to: GGUFFormat())
      #expect(try GGUFFile(path: folder.path("out.gguf"))["general.file_type"]?.int == 7)
    }
  }

  @Test func `keeps dense what is`() throws {
    try TemporaryFolder.with { folder in
      try folder.write("model/tokenizer.json", TinyModel.tokenizer)
      let model = try folder.open(TinyModel(.float16)).keepingDense(["o_proj".modulePattern()])
      _ = try QuantizationRun(
        model: model,
        settings: QuantizationSettings(
          scheme: Scheme(bits: 4, symmetric: true, granularity: .group(32)), method: .nearest),
        calibration: nil, output: folder.path("source")
      ).run()
      let source = try LanguageModel(ModelFolder(path: folder.path("source")))
      let file = try folder.convert(source, to: GGUFFormat())
      for linear in file.linears {
        #expect(file.isQuantized(linear) != linear.name.hasSuffix("o_proj"))
      }
    }
  }
}

extension String {
  fileprivate func modulePattern() throws -> ModulePattern { try #require(ModulePattern(self)) }
}

@Suite struct `A GGUF file that is converted` {
  @Test(arguments: [GGUFMixture.q80, .q50, .mxfp4])
  func `has every weight as it was, and a dense embedding`(mixture: GGUFMixture) throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(GGUFFormat(mixture), biases: true)
      let out = try folder.convert(source, to: CompressedTensorsFormat())
      try out.expectValues(of: source)
      #expect(out.format?.name == "compressed-tensors")
      let embedding = try #require(source.quantizedTables.first)
      let stored = try out.folder.matrix("\(embedding.name).weight", rows: 64, columns: 32)
      #expect(try stored == #require(try source.quantizedLinear(embedding)).dequantized())
      #expect(out.quantizedTables.isEmpty)
      let report = try #require(try RunReport(recordedIn: out.folder))
      #expect(report.tables.isEmpty && report.linears.count == 14)
      // And back into the same blocks, but for the embedding.
      let back = try folder.convert(out, to: GGUFFormat(), as: "back.gguf")
      try back.expectValues(of: source)
      #expect(try back.types() == source.types())
    }
  }

  @Test(arguments: [GGUFMixture.q40, .q41, .iq4NL])
  func `to the same format is the same`(mixture: GGUFMixture) throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(GGUFFormat(mixture), solves: true)
      let out = try folder.convert(source, to: GGUFFormat())
      try out.expectValues(of: source)
      let (a, b) = try (
        GGUFFile(path: folder.path("source.gguf")), GGUFFile(path: folder.path("out.gguf"))
      )
      for (own, other) in zip(a.entries, b.entries) {
        #expect(own.name == other.name && own.type == other.type)
        #expect(a.file.copy(own.range) == b.file.copy(other.range), "\(own.name)")
      }
    }
  }

  @Test func `with scales below 0 has zero points, and offsets where there are such`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(GGUFFormat(.q40), solves: true)
      let negative = try source.linears.contains {
        try #require(try source.quantizedLinear($0)).weight.grid.scales.elements.contains { $0 < 0 }
      }
      #expect(negative)
      let packed = try folder.convert(source, to: AWQFormat(), as: "awq")
      try packed.expectValues(of: source)
      let offsets = try folder.convert(source, to: MLXFormat(), as: "mlx")
      try offsets.expectValues(of: source)
      #expect(offsets.folder.tensor("\(offsets.linears[0].name).scales")?.shape.type == .float16)
    }
  }

  @Test func `has the settings of its tokenizer`() throws {
    try TemporaryFolder.with { folder in
      try folder.write(
        "model/tokenizer_config.json",
        #"{"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": "{{ messages }}"}"#
      )
      let out = try folder.convert(folder.source(GGUFFormat(.q80)), to: CompressedTensorsFormat())
      let settings = try #require(try out.folder.json("tokenizer_config.json"))
      #expect(settings["bos_token"] == "<s>" && settings["eos_token"] == "</s>")
      #expect(settings["chat_template"] == "{{ messages }}" && settings["pad_token"] == nil)
      #expect(try out.folder.configuration.member("eos_token_id").int == 1)
    }
  }

  @Test func `has offsets in a format of offsets alone`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(GGUFFormat(.q41))
      try folder.convert(source, to: MLXFormat(), as: "mlx").expectValues(of: source)
      let message = try folder.refusal(of: source, to: CompressedTensorsFormat())
      #expect(
        message.contains("has a group with the scale")
          && message.hasSuffix(
            "which is not -z times a positive scale for any code z, and compressed-tensors stores no other; quantize "
              + "the original model to this format"),
        "\(message)")
    }
  }
}

@Suite struct `A conversion to GGUF or from it` {
  @Test func `is refused with the Linear and what no blocks have`() throws {
    try TemporaryFolder.with { folder in
      let eight = try folder.source(CompressedTensorsFormat(), .zeroPoint, bits: 8)
      let message = try folder.refusal(of: eight)
      #expect(
        message.contains(
          #/^model\.layers\.0\.self_attn\.q_proj: has a group of 8 bits with the scale 0\.\d+ and the offset \d+\.0, whose values no type of GGUF's blocks has exactly; quantize the original model to this format$/#
        ), "\(message)")
    }
  }

  @Test func `is refused where groups or scales do not fit`() throws {
    try TemporaryFolder.with { folder in
      #expect(
        try folder.refusal(of: folder.source(CompressedTensorsFormat(), size: 16))
          == "model.layers.0.self_attn.q_proj: has 32 columns in groups of 16, which GGUF's blocks of 32 do not fill; "
          + "quantize the original model to this format")
      try folder.remove("source")
      let wide = try folder.refusal(of: folder.source(CompressedTensorsFormat(), weights: .float32))
      #expect(
        wide.contains(
          #/^model\.layers\.0\.self_attn\.q_proj: the scale 0\.\d+ is not a float16, and gguf stores no other; quantize the original model to this format$/#
        ), "\(wide)")
      try folder.remove("source")
      #expect(
        try folder.refusal(of: folder.source(CompressedTensorsFormat(.nvfp4)))
          == "model.layers.0.self_attn.q_proj: has the levels of e2m1, which no other format stores; quantize the "
          + "original model to the format")
    }
  }

  @Test func `is refused without a tokenizer, and for levels that other formats lack`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(GGUFFormat(.iq4NL))
      #expect(
        try folder.refusal(of: source, to: GPTQFormat())
          == "model.layers.0.self_attn.q_proj: has the levels of iq4, which no other format stores; quantize the "
          + "original model to the format")
      _ = try folder.source(CompressedTensorsFormat())
      try folder.remove("source/tokenizer.json")
      #expect(
        try folder.refusal(of: LanguageModel(ModelFolder(path: folder.path("source"))))
          == "source/tokenizer.json: not found; a GGUF file holds the tokenizer of its model")
    }
  }
}
