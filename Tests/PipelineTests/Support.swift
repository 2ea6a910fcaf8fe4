import Checkpoint
import Formats
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

extension TemporaryFolder {
  /// Writes a tiny model and opens it.
  func open(
    _ model: TinyModel = TinyModel(), as name: String = "model", shards: Int = 1
  ) throws -> LanguageModel {
    try model.write(name, in: self, shards: shards)
    return try LanguageModel(ModelFolder(path: path(name)))
  }

  /// Quantizes a model into a folder and opens that.
  func quantize(
    _ model: LanguageModel, _ settings: QuantizationSettings, to name: String = "out",
    memory: MemoryBudget = .unlimited
  ) throws -> LanguageModel {
    let run = try QuantizationRun(
      model: model, settings: settings, calibration: .random, output: path(name),
      memory: memory)
    _ = try run.run()
    return try LanguageModel(ModelFolder(path: path(name)))
  }
}

extension CalibrationSet {
  /// Eight windows of 32 random tokens to learn from, and two held out to judge.
  static let random = CalibrationSet(
    calibration: (0..<8).map { TinyModel.tokens(32, seed: $0) },
    heldOut: (8..<10).map { TinyModel.tokens(32, seed: $0) }, length: 32)
}

extension QuantizationSettings {
  /// Symmetric groups of 16 by GPTQ, in the default format.
  static func bits(
    _ bits: Int, _ method: Method = .gptq,
    format: any CheckpointFormat = CompressedTensorsFormat()
  ) throws -> QuantizationSettings {
    QuantizationSettings(
      scheme: try Scheme(bits: bits, symmetric: true, granularity: .group(16)), method: method,
      format: format)
  }
}

extension LanguageModel {
  /// Every Linear that can be quantized, in the order of the computation.
  var linears: [LinearShape] {
    declaration.blocks.indices.flatMap { declaration.linears(block: $0) }
  }

  /// The codes of every quantized Linear, one after another.
  func codes() throws -> [UInt8] {
    try linears.flatMap { try #require(try quantizedLinear($0)).weight.codes }
  }
}

extension ModelFolder.TensorReference {
  /// A copy of the elements.
  var bytes: [UInt8] { withBytes { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } } }
}

/// The share of codes that differ.
///
/// A replay multiplies window by window, where a run bundles them, so sums are rounded differently;
/// a code in a thousand may differ where nothing is wrong.
func difference(_ a: [UInt8], _ b: [UInt8]) throws -> Double {
  try #require(a.count == b.count && !a.isEmpty)
  return Double(zip(a, b).count { $0 != $1 }) / Double(a.count)
}
