// Floats of eight bits with a scale for each block of weights. The fixture was made by compressed-tensors 0.19.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let format = CompressedTensorsFormat(.fp8Block)
private let inputs = ActivationScheme(floatsBy: .group(128))

private func scheme(_ rows: Int, _ columns: Int) throws -> Scheme {
  try Scheme(
    bits: 8, points: .table(.e4m3), granularity: .block(rows: rows, columns: columns))
}

@Suite struct `Floats of eight bits by block` {
  @Test(arguments: [(128, 128), (4, 16), (5, 7), (1, 1), (7, 37)], FloatFormat.allCases)
  func `are read back identically, also where blocks do not fill the matrix`(
    block: (Int, Int), scales: FloatFormat
  ) throws {
    let linear = LinearShape(name: "model.layers.0.up_proj", rows: 7, columns: 37)
    let weight = try quantized(
      linear, try scheme(block.0, block.1), format, scales: scales)
    try TemporaryFolder.with { folder in
      let model = try folder.store(
        weight, linear, format, scales: scales, activations: ActivationQuantizer(inputs))
      let read = try model.decodeLinear(linear)
      #expect(read.weight == weight)
      #expect(read.activations == ActivationQuantizer(inputs))
      let stored = try #require(model.tensor("\(linear.name).weight_scale"))
      #expect(
        stored.shape.dimensions
          == [(7 + block.0 - 1) / block.0, (37 + block.1 - 1) / block.1])
    }
  }

  @Test func `mean what they mean to compressed-tensors, and are written byte for byte`() throws {
    let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
    let folder = try ModelFolder(path: root.appendingPathComponent("fp8-block").path)
    let linear = LinearShape(name: "p", rows: 20, columns: 64)
    let read = try folder.decodeLinear(linear)
    #expect(read.weight.grid.scheme == (try scheme(8, 24)))
    #expect(read.weight.dequantized() == (try folder.matrix("golden", rows: 20, columns: 64)))
    let activations = try #require(read.activations)
    #expect(activations.scheme == ActivationScheme(floatsBy: .group(32)))
    let x = try folder.matrix("x", rows: 6, columns: 64)
    #expect(activations.rounded(x) == (try folder.matrix("rounded", rows: 6, columns: 64)))
    let layout = format.layout(of: linear, read.scheme, scales: .float32)
    for (tensor, bytes) in zip(layout, format.encode(read, scales: .float32)) {
      let stored = try #require(folder.tensor(tensor.name))
      #expect(stored.shape == tensor.shape, "\(tensor.name)")
      // The sign of a zero is not kept.
      #expect(stored.bytes.map { $0 == 0x80 && tensor.name == "p.weight" ? 0 : $0 } == bytes)
    }
  }

  /// The tensors of the fixture under the names that DeepSeek and Qwen give them.
  private func published(_ members: String) throws -> (TemporaryFolder) throws -> ModelFolder {
    let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
    let source = try ModelFolder(path: root.appendingPathComponent("fp8-block").path)
    let tensors = try ["weight", "weight_scale"].map { name in
      let tensor = try #require(source.tensor("p.\(name)"))
      return RawSafetensors.Tensor(
        name == "weight" ? "p.weight" : "p.weight_scale_inv", tensor.shape.type.rawValue,
        tensor.shape.dimensions, tensor.bytes)
    }
    let config = #"{"quantization_config": {"quant_method": "fp8"\#(members)}}"#
    return { folder in try folder.open(tensors, config: config) }
  }

  @Test func `are read where DeepSeek and Qwen publish them`() throws {
    let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
    let source = try ModelFolder(path: root.appendingPathComponent("fp8-block").path)
    let open = try published(
      #", "activation_scheme": "dynamic", "fmt": "e4m3", "weight_block_size": [8, 24]"#)
    try TemporaryFolder.with { folder in
      let read = try open(folder).decodeLinear(LinearShape(name: "p", rows: 20, columns: 64))
      #expect(read.weight.dequantized() == (try source.matrix("golden", rows: 20, columns: 64)))
      #expect(read.activations?.scheme == ActivationScheme(floatsBy: .group(24)))
    }
  }

  @Test(arguments: [
    ("", "weight_block_size"), (#", "weight_block_size": [8]"#, "two sides of a block"),
    (#", "weight_block_size": [8, 24], "activation_scheme": "static""#, "expected dynamic"),
    (#", "weight_block_size": [8, 24], "fmt": "e5m2""#, "expected e4m3, found e5m2"),
    (#", "weight_block_size": [9, 32]"#, "has shape [3, 3]; config.json calls for [3, 2]"),
  ])
  func `are refused where they are something else`(members: String, words: String) throws {
    let open = try published(members)
    try TemporaryFolder.with { folder in
      let model = try open(folder)
      expectFailure(words) { try model.decode(LinearShape(name: "p", rows: 20, columns: 64)) }
    }
  }

  @Test func `are stated as llm-compressor states FP8_BLOCK`() throws {
    let stated = format.configuration(
      of: LinearScheme(try #require(format.standardScheme), activations: inputs), provenance: nil)
    #expect(stated["format"] == "float-quantized")
    let group = try stated.member("config_groups").member("group_0")
    let weights = try group.member("weights")
    #expect(weights.value["strategy"] == "block" && weights.value["block_structure"] == [128, 128])
    let rounded = try group.member("input_activations")
    #expect(rounded.value["strategy"] == "group" && rounded.value["group_size"] == 128)
    #expect(rounded.value["dynamic"] == true)
  }

  @Test(arguments: [
    (#"[128, 128]"#, nil), (#""128x128""#, nil), (#"[128]"#, "two sides of a block"),
    (#"[0, 4]"#, "two sides of a block"), (#"[4, 9223372036854775807]"#, "two sides of a block"),
    (#""4x""#, "two sides of a block"), (#"null"#, "an array, found null"),
    (#"[4, 4]"#, "has shape [1, 1]"),
  ])
  func `may state blocks as an array or a text`(text: String, words: String?) throws {
    let linear = LinearShape(name: "p", rows: 6, columns: 32)
    let weight = QuantizedLinear(
      try quantized(linear, try scheme(128, 128), format),
      activations: ActivationQuantizer(inputs))
    var config = format.configuration(of: weight.scheme, provenance: nil).text()
    config = config.replacingOccurrences(
      of: #""block_structure":[128,128]"#, with: #""block_structure":\#(text)"#)
    let layout = format.layout(of: linear, weight.scheme, scales: .float32)
    let tensors = zip(layout, format.encode(weight, scales: .float32)).map { tensor, bytes in
      RawSafetensors.Tensor(
        tensor.name, tensor.shape.type.rawValue, tensor.shape.dimensions, bytes)
    }
    try TemporaryFolder.with { folder in
      let model = try folder.open(tensors, config: #"{"quantization_config":\#(config)}"#)
      guard let words else {
        #expect(try model.decode(linear) == weight.weight)
        return
      }
      expectFailure(words) { try model.decode(linear) }
    }
  }

  @Test func `are loaded where inputs come in groups that fill the rows`() throws {
    let weights = try #require(format.standardScheme)
    func verdicts(
      _ rows: Int, _ columns: Int, _ inputs: ActivationScheme?
    ) -> [EngineVerdict] {
      EngineRules.verdicts(
        on: LinearShape(name: "p", rows: rows, columns: columns),
        LinearScheme(weights, activations: inputs), in: format)
    }
    for (rows, words) in [(256, "on CPUs with AMX"), (64, "only where blocks of 128 fill")] {
      let found = verdicts(rows, 128, inputs)
      #expect(found.map { $0.objection?.contains(words) } == [true, nil])
      #expect(found.allSatisfy { !$0.isRefusal })
    }
    #expect(verdicts(128, 64, inputs).allSatisfy { $0.isRefusal })
    #expect(verdicts(128, 128, ActivationScheme(floatsBy: .token)).allSatisfy { $0.isRefusal })
    #expect(
      verdicts(128, 128, ActivationScheme(granularity: .token, symmetric: true))
        .allSatisfy { $0.isRefusal })
    let rows = try #require(CompressedTensorsFormat(.fp8).standardScheme)
    let byRow = EngineRules.verdicts(
      on: LinearShape(name: "p", rows: 128, columns: 128),
      LinearScheme(rows, activations: inputs), in: format)
    #expect(byRow.allSatisfy { $0.isRefusal })
  }
}
