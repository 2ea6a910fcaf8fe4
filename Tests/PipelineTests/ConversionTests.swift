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

private let formats: [any CheckpointFormat] = [
  CompressedTensorsFormat(), GPTQFormat(), AWQFormat(),
]

/// A conversion between two formats, of a model in some type.
private struct Pair: Sendable, CustomTestStringConvertible {
  let from: any CheckpointFormat
  let to: any CheckpointFormat
  let weights: FloatFormat
  let isSymmetric: Bool

  var testDescription: String {
    "\(from.name) to \(to.name), \(weights.rawValue), \(isSymmetric ? "" : "a")symmetric"
  }

  static let all = formats.flatMap { from in
    formats.flatMap { to in
      [FloatFormat.float16, .bfloat16].flatMap { weights in
        [true, false].map { Pair(from: from, to: to, weights: weights, isSymmetric: $0) }
      }
    }
  }
}

extension TemporaryFolder {
  /// Rounds a tiny model into `source`.
  fileprivate func source(
    _ format: any CheckpointFormat, _ weights: FloatFormat = .float16, bits: Int = 4,
    symmetric: Bool = true, attentionBias: Bool = false
  ) throws -> LanguageModel {
    let settings = QuantizationSettings(
      scheme: try Scheme(bits: bits, symmetric: symmetric, granularity: .group(32)),
      method: .nearest,
      format: format)
    return try quantize(
      try open(TinyModel(weights, attentionBias: attentionBias)), settings, to: "source")
  }

  /// Converts a model into `out` and opens that.
  fileprivate func convert(
    _ model: LanguageModel, to format: any CheckpointFormat
  ) throws -> LanguageModel {
    _ = try Conversion(of: model, to: format, output: path("out")).run()
    return try LanguageModel(ModelFolder(path: path("out")))
  }

  /// Writes a folder of made-up codes, scales and zero points: 4 bits, in groups of 16 unless said otherwise.
  ///
  /// A Linear for which the closure gives nil is written in floating point.
  fileprivate func make(
    _ format: any CheckpointFormat, scales: FloatFormat = .float16, symmetric: Bool = false,
    groupSize: Int = 16, linear: (LinearShape) -> (scale: Float, zero: UInt8)?
  ) throws -> LanguageModel {
    let dense = try open(as: "dense")
    let scheme = try Scheme(bits: 4, symmetric: symmetric, granularity: .group(groupSize))
    var tensors: [NamedShape] = []
    var contents: [String: [UInt8]] = [:]
    let shapes = Dictionary(uniqueKeysWithValues: dense.linears.map { ("\($0.name).weight", $0) })
    for tensor in dense.folder.tensors {
      guard let shape = shapes[tensor.name], let (scale, zero) = linear(shape) else {
        tensors.append(NamedShape(tensor.name, tensor.shape.type, tensor.shape.dimensions))
        contents[tensor.name] = tensor.bytes
        continue
      }
      let groups = shape.columns / groupSize
      let grid = Grid(
        scheme: scheme, groupSize: groupSize,
        scales: Matrix(rows: shape.rows, columns: groups) { _, _ in scale },
        zeroPoints: [UInt8](repeating: zero, count: shape.rows * groups))
      let weight = QuantizedWeight(
        rows: shape.rows, columns: shape.columns, grid: grid,
        codes: (0..<shape.rows * shape.columns).map { UInt8($0 % 16) })
      let layout = format.layout(of: shape, LinearScheme(scheme), scales: scales)
      tensors += layout
      let encoded = format.encode(QuantizedLinear(weight), scales: scales)
      for (part, bytes) in try pairs(layout, encoded) {
        contents[part.name] = bytes
      }
    }
    let writer = try FolderSink(path: path("source"), tensors: tensors)
    // Safety: a byte has no padding whose bits would be unknown.
    for (name, bytes) in contents { try unsafe writer.write(name, bytes.span.bytes) }
    var configuration = dense.folder.configuration
    try configuration.setMember(
      "quantization_config",
      to: format.configuration(of: LinearScheme(scheme), provenance: nil))
    try writer.writeFile("config.json", configuration.bytes(.pretty))
    try writer.finish()
    return try LanguageModel(ModelFolder(path: path("source")))
  }
}

/// Checks that converting throws an error with these words and remedies, and leaves nothing.
private func expectRefusal(
  _ words: String..., remedies: [Remedy] = [], of model: LanguageModel,
  to format: any CheckpointFormat,
  in folder: TemporaryFolder, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let before = try folder.names()
  #expect(sourceLocation: sourceLocation) {
    _ = try folder.convert(model, to: format)
  } throws: { error in
    let missing = words.filter { !"\(error)".contains($0) }
    if !missing.isEmpty {
      Issue.record("\(missing) not in: \(error)", sourceLocation: sourceLocation)
    }
    let found = (error as? any RemediableError)?.remedies ?? []
    #expect(found == remedies, sourceLocation: sourceLocation)
    return true
  }
  #expect(try folder.names() == before, sourceLocation: sourceLocation)
}

@Suite struct `A converted model` {
  @Test(arguments: Pair.all)
  private func `stands for the same weights bit for bit`(pair: Pair) throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(
        pair.from, pair.weights, symmetric: pair.isSymmetric, attentionBias: true)
      // A random model may have a group without negative weights, which GPTQ has no zero point for.
      let canHold = try source.linears.allSatisfy { linear in
        let zeros = try #require(try source.quantizedLinear(linear)).weight.grid.zeroPoints
        return zeros.allSatisfy { Int($0) >= pair.to.smallestZeroPoint }
      }
      try #require(canHold)
      let converted = try folder.convert(source, to: pair.to)
      #expect(converted.format?.name == pair.to.name)
      for linear in source.linears {
        let before = try #require(try source.quantizedLinear(linear)).weight
        let after = try #require(try converted.quantizedLinear(linear)).weight
        #expect(after.dequantized() == before.dequantized(), "\(linear.name)")
        #expect(after.grid.scheme == before.grid.scheme)
      }
      // Everything that is not a Linear is copied as it is, biases too.
      let copied = source.folder.tensors.filter { $0.shape.type.floatFormat != nil }
        .filter { !$0.name.hasSuffix("scale") && !$0.name.hasSuffix("scales") }
      #expect(copied.count == 2 + 2 * (2 + 4))
      for tensor in copied {
        let copy = try #require(converted.folder.tensor(tensor.name))
        #expect(copy.shape == tensor.shape && copy.bytes == tensor.bytes, "\(tensor.name)")
      }
    }
  }

  @Test(arguments: formats.indices)
  func `converted back is the same file`(index: Int) throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(formats[index])
      for (i, format) in formats.enumerated() where i != index {
        let there = try folder.convert(source, to: format)
        _ = try Conversion(of: there, to: formats[index], output: folder.path("back")).run()
        for name in ["model.safetensors", "ptq-report.json"] {
          let (before, after) = try (folder.read("source/\(name)"), folder.read("back/\(name)"))
          #expect(before == after, "\(name)")
        }
        try folder.remove("out")
        try folder.remove("back")
      }
    }
  }

  @Test func `keeps the errors that were recorded, with the bits of the new layout`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(GPTQFormat())
      let before = try #require(try RunReport(recordedIn: source.folder))
      let report = try Conversion(
        of: source, to: AWQFormat(), output: folder.path("out")
      ).run()
      let after = try #require(
        try RunReport(recordedIn: try ModelFolder(path: folder.path("out"))))
      #expect(after.linears.map(\.error) == before.linears.map(\.error))
      #expect(after.method == before.method && after.seconds == before.seconds)
      // AWQ has no g_idx: 4 bits, and for 32 of them 16 bits of scale and 4 of zero point.
      #expect(after.linears.allSatisfy { $0.bitsPerWeight == 4 + 20.0 / 32 })
      #expect(report.bitsPerWeight == 4 + 20.0 / 32)
      #expect(report.linears == 14 && report.dense.isEmpty)
      #expect(report.from == "gptq" && report.to == "awq")
      try folder.remove("out")
      try folder.remove("source/ptq-report.json")
      _ = try folder.convert(source, to: AWQFormat())
      #expect(try !folder.names(in: "out").contains("ptq-report.json"))
    }
  }

  @Test func `has its scales in float16 when they were, whatever the rest is`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(GPTQFormat(), .bfloat16)
      let converted = try folder.convert(source, to: CompressedTensorsFormat())
      for linear in source.linears {
        let scale = converted.folder.tensor("\(linear.name).weight_scale")
        #expect(scale?.shape.type == .float16)
      }
    }
  }

  @Test(arguments: formats.indices)
  func `leaves in floating point what was, and says so`(index: Int) throws {
    try TemporaryFolder.with { folder in
      let format = formats[index]
      let source = try folder.make(formats[(index + 1) % 3], symmetric: true, groupSize: 32) {
        $0.name.contains("0.self_attn.o_proj") || $0.name.contains("1.mlp.gate")
          || $0.name.contains("1.mlp.up") ? nil : (0.5, 8)
      }
      let converted = try folder.convert(source, to: format)
      let dense = converted.linears.filter { !converted.isQuantized($0) }.map(\.name)
      #expect(
        dense == [
          "model.layers.0.self_attn.o_proj", "model.layers.1.mlp.gate_proj",
          "model.layers.1.mlp.up_proj",
        ])
      let text = converted.folder.configuration["quantization_config"]?.text() ?? ""
      for name in dense {
        let bytes = try #require(converted.folder.tensor("\(name).weight")).bytes
        #expect(bytes == source.folder.tensor("\(name).weight")?.bytes)
        #expect(text.contains(format is GPTQFormat ? name.replacing(".", with: #"\\."#) : name))
      }
    }
  }

  @Test func `is symmetric only where every Linear is`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.make(AWQFormat()) { ($0.name.contains("mlp") ? (0.5, 8) : (0.5, 3)) }
      #expect(try source.quantizedLinear(source.linears[6])?.scheme.weights.isSymmetric == true)
      let converted = try folder.convert(source, to: CompressedTensorsFormat())
      for linear in source.linears {
        let before = try #require(try source.quantizedLinear(linear)).weight
        let after = try #require(try converted.quantizedLinear(linear)).weight
        #expect(!after.grid.scheme.isSymmetric && after.dequantized() == before.dequantized())
      }
    }
  }

  @Test func `reports the objections of engines before anything is written`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(AWQFormat(), symmetric: false)
      var warnings: [String] = []
      _ = try Conversion(of: source, to: GPTQFormat(), output: folder.path("out")).run { event in
        if case .warning(let warning) = event {
          warnings.append(warning.text)
          let names = try folder.names()
          #expect(names == ["model", "source"])
        }
      }
      #expect(warnings.count == 2)
      #expect(warnings.contains { $0.hasPrefix("vLLM loads no asymmetric GPTQ") })
    }
  }
}

@Suite struct `A conversion that would lose something` {
  @Test func `of a scale is refused with the tensor and the value`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.make(
        CompressedTensorsFormat(), scales: .bfloat16, symmetric: true
      ) { ($0.name.contains("down") ? (0x1p-30, 8) : (0.5, 8)) }
      for format in [GPTQFormat(), AWQFormat()] as [any CheckpointFormat] {
        try expectRefusal(
          "model.layers.0.mlp.down_proj.weight_scale", "9.313226e-10", "float16",
          remedies: [.chooseFormat("compressed-tensors")], of: source, to: format, in: folder)
      }
      let kept = try folder.convert(source, to: CompressedTensorsFormat())
      #expect(kept.folder.tensor("\(kept.linears[6].name).weight_scale")?.shape.type == .bfloat16)
    }
  }

  @Test func `of a zero point of zero is refused where it has no place`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.make(AWQFormat(), groupSize: 32) {
        $0.name.contains("v_proj") ? (0.5, 0) : (0.5, 3)
      }
      try expectRefusal(
        "model.layers.0.self_attn.v_proj", "zero point 0", "gptq",
        remedies: [.chooseFormat("awq"), .chooseFormat("compressed-tensors")], of: source,
        to: GPTQFormat(), in: folder)
      let other = try folder.convert(source, to: CompressedTensorsFormat())
      let zeros = try #require(try other.quantizedLinear(other.linears[2])).weight.grid.zeroPoints
      #expect(zeros.allSatisfy { $0 == 0 })
    }
  }

  @Test func `of bits is refused with what the engines object to`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.source(GPTQFormat(), bits: 8)
      try expectRefusal(
        "no engine would load this as awq", "4 bits only, not 8",
        remedies: [.chooseBits([4]), .chooseFormat("compressed-tensors")], of: source,
        to: AWQFormat(), in: folder)
      let packed = try folder.convert(source, to: CompressedTensorsFormat())
      #expect(try packed.codes() == source.codes())
    }
  }

  @Test func `of one of q, k and v is refused with their names`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.make(GPTQFormat()) { $0.name.contains("1.mlp.up") ? nil : (0.5, 8) }
      try expectRefusal(
        "model.layers.1.mlp.up_proj: in floating point", "model.layers.1.mlp.gate_proj",
        of: source, to: AWQFormat(), in: folder)
    }
  }

  @Test func `of what was never quantized is refused`() throws {
    try TemporaryFolder.with { folder in
      try expectRefusal("model", "no Linear", of: try folder.open(), to: AWQFormat(), in: folder)
      let empty = try folder.make(GPTQFormat()) { _ in nil }
      try expectRefusal("source: no Linear", of: empty, to: AWQFormat(), in: folder)
    }
  }

  @Test func `is refused where the configuration calls symmetric what is not`() throws {
    try TemporaryFolder.with { folder in
      // Zero points of 8, labelled with the version that stores them less one.
      let source = try folder.make(GPTQFormat(), symmetric: true) { _ in (0.5, 8) }
      let text = source.folder.configuration.text(.pretty)
        .replacing(#""checkpoint_format": "gptq""#, with: #""checkpoint_format": "gptq_v2""#)
      try folder.write("source/config.json", text)
      let wrong = try LanguageModel(ModelFolder(path: folder.path("source")))
      try expectRefusal(
        "q_proj", "zero points other than 8", "checkpoint_format", of: wrong, to: AWQFormat(),
        in: folder)
    }
  }

  @Test func `is refused where groups differ`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.make(GPTQFormat(), groupSize: 32) { _ in (0.5, 8) }
      let shape = source.linears[6]
      var tensors = source.folder.tensors.map {
        RawSafetensors.Tensor($0.name, $0.shape.type.rawValue, $0.shape.dimensions, $0.bytes)
      }
      let smaller = LinearScheme(try Scheme(bits: 4, symmetric: false, granularity: .group(16)))
      for part in GPTQFormat().layout(of: shape, smaller, scales: .float16) {
        tensors.removeAll { $0.name == part.name }
        let count = part.shape.byteCount ?? 0
        let index = (0..<shape.columns).map { Int32($0 / 16) }
        tensors.append(
          .init(
            part.name, part.shape.type.rawValue, part.shape.dimensions,
            part.name.hasSuffix("g_idx")
              ? RawSafetensors.bytes(index) : [UInt8](repeating: 0x11, count: count)))
      }
      try folder.write("source/model.safetensors", RawSafetensors.file(tensors))
      func mixed() throws -> LanguageModel {
        try LanguageModel(ModelFolder(path: folder.path("source")))
      }
      try expectRefusal(
        "down_proj", "where config.json calls for groups of 32", of: mixed(), to: AWQFormat(),
        in: folder)
      // The same, where the configuration says so.
      var configuration = try JSONValue(parsing: folder.read("source/config.json"))
      var stated = try configuration.member("quantization_config").value
      try stated.setMember("dynamic", to: ["+:model.layers.0.mlp.down_proj": ["group_size": 16]])
      try configuration.setMember("quantization_config", to: stated)
      try folder.write("source/config.json", configuration.bytes(.pretty))
      try expectRefusal(
        "q_proj has 4 bits in groups of 32", "down_proj has 4 bits in groups of 16", of: mixed(),
        to: AWQFormat(), in: folder)
    }
  }

  @Test func `keeps scattered groups where the format has a map of columns`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.make(GPTQFormat()) { _ in (0.5, 8) }
      // Every other column belongs to the other half of the groups.
      let tensors = source.folder.tensors.map { tensor in
        let count = tensor.shape.dimensions[0]
        let index = (0..<count).map { Int32(($0 * 2 % count + $0 * 2 / count) / 16) }
        return RawSafetensors.Tensor(
          tensor.name, tensor.shape.type.rawValue, tensor.shape.dimensions,
          tensor.name.hasSuffix("g_idx") ? RawSafetensors.bytes(index) : tensor.bytes)
      }
      try folder.write("source/model.safetensors", RawSafetensors.file(tensors))
      let scattered = try LanguageModel(ModelFolder(path: folder.path("source")))
      for format in [AWQFormat() as any CheckpointFormat, CompressedTensorsFormat()] {
        try expectRefusal("q_proj", "scattered", of: scattered, to: format, in: folder)
      }
      let again = try folder.convert(scattered, to: GPTQFormat())
      for linear in scattered.linears {
        let (before, after) = (
          try scattered.quantizedLinear(linear), try again.quantizedLinear(linear)
        )
        #expect(before == after && before?.scheme.scattersGroups == true)
      }
      let stated = try again.folder.configuration.member("quantization_config")
      #expect(try stated.member("desc_act").bool)
    }
  }

  @Test func `is refused for a quantized head, with which the model still predicts`() throws {
    try TemporaryFolder.with { folder in
      let source = try folder.make(GPTQFormat()) { _ in (0.5, 8) }
      let (rows, columns) = (source.declaration.vocabularySize, source.declaration.hiddenSize)
      let head = LinearShape(name: "lm_head", rows: rows, columns: columns)
      let scheme = try Scheme(bits: 4, symmetric: false, granularity: .group(16))
      let weights = Matrix.gaussian(rows, columns, seed: 5)
      let grid = try GridRule(range: .minMax, encoding: GPTQFormat().encoding(scales: .float16))
        .grid(for: weights, scheme: scheme)
      let stored = QuantizedLinear(QuantizedWeight(nearest: weights, on: grid))
      let parts = zip(
        GPTQFormat().layout(of: head, stored.scheme, scales: .float16),
        GPTQFormat().encode(stored, scales: .float16))
      let tensors = source.folder.tensors.map {
        RawSafetensors.Tensor($0.name, $0.shape.type.rawValue, $0.shape.dimensions, $0.bytes)
      }
      let headTensors = parts.map { shape, bytes in
        RawSafetensors.Tensor(shape.name, shape.shape.type.rawValue, shape.shape.dimensions, bytes)
      }
      try folder.write("source/model.safetensors", RawSafetensors.file(tensors + headTensors))
      // Tied to the embedding, it would be a second head.
      #expect {
        try LanguageModel(ModelFolder(path: folder.path("source")))
      } throws: {
        "\($0)".contains("lm_head.qweight")
      }
      var configuration = source.folder.configuration
      try configuration.setMember("tie_word_embeddings", to: false)
      try folder.write("source/config.json", configuration.bytes(.pretty))
      let model = try LanguageModel(ModelFolder(path: folder.path("source")))
      try expectRefusal("lm_head", "is quantized", of: model, to: AWQFormat(), in: folder)
      let hidden = Matrix.gaussian(3, columns, seed: 6)
      let norm = try #require(
        SafetensorsFile(path: folder.path("source/model.safetensors")).floats("model.norm.weight"))
      let normalized = Matrix(rows: 3, columns: columns) { i, j in
        let row = (0..<columns).map { hidden[i, $0] * hidden[i, $0] }
        return hidden[i, j] * norm[j] / (row.reduce(0, +) / Float(columns)).squareRoot()
      }
      let expected = Matrix.product(normalized, stored.dequantized().transposed)
      for (a, b) in try pairs(try model.logits(hidden).elements, expected.elements) {
        #expect(abs(a - b) < 1e-3)
      }
    }
  }
}
