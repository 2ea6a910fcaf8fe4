// Scaled activations are exactly undone: without any quantization, a model whose factors were folded
// into its norms, biases and neighbouring weights says what it said before.

import Checkpoint
import Foundation
import LinearAlgebra
import TestSupport
import Testing
import Transformer

/// A place where factors are put in and taken out again.
private enum Mapping: String, CaseIterable {
  case normToQKV, valueToOutput, normToGateUp, upToDown

  var half: Int { self == .normToQKV || self == .valueToOutput ? 0 : 1 }
  var isInner: Bool { self == .valueToOutput || self == .upToDown }
}

/// What may be forgotten.
private enum Mistake: CaseIterable {
  case consumer, producer, sharing, bias
}

extension Matrix {
  fileprivate func scaled(rows: [Float]? = nil, columns: [Float]? = nil) -> Matrix {
    Matrix(rows: self.rows, columns: self.columns) {
      self[$0, $1] / (rows?[$0] ?? 1) * (columns?[$1] ?? 1)
    }
  }
}

/// Factors from 0.1 to 10, evenly spread over their logarithms.
private func factors(_ count: Int, sharing: [Int]?, seed: UInt64) -> [Float] {
  var generator = SplitMix64(seed: seed)
  let values = (0..<count).map { _ in Float(0.1 * pow(100, generator.uniform())) }
  return sharing.map { $0.map { values[$0] } } ?? values
}

extension Sublayer {
  /// Folds random factors into the sublayer.
  fileprivate mutating func fold(_ mapping: Mapping, _ mistake: Mistake?, seed: UInt64) {
    if mapping.isInner {
      let sharing = mistake == .sharing ? nil : innerSharing
      let s = storableInnerFactors(
        factors(outputLinear.weight.columns, sharing: sharing, seed: seed))
      let rows = producerFactors(s)
      if mistake != .bias { divideProducerBias(by: rows) }
      if mistake != .producer {
        inputLinears[producer].weight = inputLinears[producer].weight.scaled(rows: rows)
      }
      if mistake != .consumer { outputLinear.weight = outputLinear.weight.scaled(columns: s) }
    } else {
      let s = storableInputFactors(
        factors(inputLinears[0].weight.columns, sharing: nil, seed: seed))
      if mistake != .producer { divideInput(by: s) }
      for i in inputLinears.indices where mistake != .consumer || i != producer {
        inputLinears[i].weight = inputLinears[i].weight.scaled(columns: s)
      }
    }
  }
}

/// The outputs of each block and the logits, after changes to the blocks.
private func outputs(
  of model: LanguageModel, _ change: (inout DecoderBlock, Int) -> Void = { _, _ in }
) throws -> [Matrix] {
  var hidden = try model.embeddings(of: TinyModel.tokens(40, seed: 3))
  var result: [Matrix] = []
  for layer in 0..<model.configuration.layerCount {
    var block = try model.block(layer)
    change(&block, layer)
    block(&hidden)
    result.append(hidden)
  }
  return result + [try model.logits(hidden)]
}

/// The largest difference of some outputs, relative to the largest element.
private func difference(_ a: [Matrix], _ b: [Matrix]) -> Float {
  zip(a, b).map { a, b in
    let largest = a.elements.map(abs).max() ?? 0
    return (zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? .infinity) / largest
  }.max() ?? .infinity
}

/// A tiny model of a family, with a window where the family has one.
private func open(
  _ family: TinyModel.Family, _ format: FloatFormat, in folder: TemporaryFolder
) throws -> LanguageModel {
  var tiny = TinyModel(format, family: family)
  if family == .mistral { tiny.configure("sliding_window", "9") }
  try tiny.write("model", in: folder)
  return try LanguageModel(ModelFolder(path: folder.path("model")))
}

@Suite struct `Folded factors` {
  /// Sums of 64 float32 products behind factors of a hundred between the largest and the smallest.
  private static let bound: Float = 5e-5

  @Test(arguments: TinyModel.Family.allCases, FloatFormat.allCases)
  func `change nothing, in each place and in all together`(
    family: TinyModel.Family, format: FloatFormat
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try open(family, format, in: folder)
      let original = try outputs(of: model)
      for places in Mapping.allCases.map({ [$0] }) + [Mapping.allCases] {
        let folded = try outputs(of: model) { block, layer in
          for (i, mapping) in places.enumerated() {
            block.sublayers[mapping.half].fold(mapping, nil, seed: UInt64(10 * layer + i))
          }
        }
        let found = difference(original, folded)
        #expect(found < Self.bound, "\(places): \(found)")
        #expect(found > 0)
      }
    }
  }

  @Test(arguments: TinyModel.Family.allCases)
  func `change everything when a part is forgotten`(family: TinyModel.Family) throws {
    try TemporaryFolder.with { folder in
      let model = try open(family, .float32, in: folder)
      let original = try outputs(of: model)
      for mapping in Mapping.allCases {
        for mistake in Mistake.allCases {
          // Only v's factors are shared, and only its outputs have biases here.
          if mistake == .sharing && mapping != .valueToOutput { continue }
          if mistake == .bias && (mapping != .valueToOutput || family != .qwen2) { continue }
          let folded = try outputs(of: model) { block, layer in
            block.sublayers[mapping.half].fold(mapping, mistake, seed: UInt64(layer))
          }
          let found = difference(original, folded)
          #expect(found > 100 * Self.bound, "\(mapping), \(mistake): \(found)")
        }
      }
    }
  }

  @Test(arguments: TinyModel.Family.allCases, FloatFormat.allCases)
  func `are stored as they are used`(family: TinyModel.Family, format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let model = try open(family, format, in: folder)
      for layer in 0..<2 {
        var stored: [String] = []
        for (half, mappings) in [[Mapping.normToQKV, .valueToOutput], [.normToGateUp, .upToDown]]
          .enumerated()
        {
          var sublayer = try model.block(layer).sublayers[half]
          let before = sublayer
          for mapping in mappings { sublayer.fold(mapping, nil, seed: 7) }
          let tensors = sublayer.foldingTensors
          stored += tensors.map(\.name)
          // Safety: a byte has no padding whose bits would be unknown.
          let values = tensors.map { unsafe format.decode($0.bytes.span.bytes) }
          #expect(values[0] == sublayer.norm.gain && values[0] != before.norm.gain)
          if let bias = sublayer.inputLinears[sublayer.producer].bias {
            #expect(values[1] == bias.values)
            #expect(values[1] != before.inputLinears[sublayer.producer].bias?.values)
          }
        }
        #expect(Set(stored) == Set(model.foldingTensorNames(layer)))
      }
    }
  }

  @Test(arguments: FloatFormat.allCases)
  func `are near those that were asked for`(format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let sublayer = try open(.qwen2, format, in: folder).block(0).sublayers[0]
      let wanted = factors(32, sharing: sublayer.innerSharing, seed: 5)
      // Half of the distance of two neighbours, and a rounding of the quotient.
      let share: Float =
        switch format {
        case .float32: 0x1p-23
        case .float16: 0x1p-11 * 1.01
        case .bfloat16: 0x1p-8 * 1.01
        }
      for found in [sublayer.storableInputFactors(wanted), sublayer.storableInnerFactors(wanted)] {
        for (a, b) in zip(found, wanted) { #expect(abs(a / b - 1) <= share) }
      }
      let shared = sublayer.storableInnerFactors(wanted)
      let sharing = try #require(sublayer.innerSharing)
      #expect(shared.indices.allSatisfy { shared[$0] == shared[sharing[$0]] })
      #expect(Set(sharing).count == 16)
    }
  }

  @Test func `spare gains of zero, and those that no factor can divide`() throws {
    try TemporaryFolder.with { folder in
      var tiny = TinyModel(.float16)
      tiny.replace("model.layers.0.input_layernorm.weight") {
        var gains = [Float](repeating: 1, count: 32)
        gains.replaceSubrange(0..<3, with: [0, 0x1p-24, 60000])
        return .init($0.name, $0.type, $0.shape, FloatFormat.float16.encode(gains))
      }
      try tiny.write("model", in: folder)
      let model = try LanguageModel(ModelFolder(path: folder.path("model")))
      var sublayer = try model.block(0).sublayers[0]
      var wanted = [Float](repeating: 2, count: 32)
      wanted.replaceSubrange(0..<3, with: [3, 100, 1e-3])
      let found = sublayer.storableInputFactors(wanted)
      // 2⁻²⁴ / 100 is 0 in float16, and 60000 · 1000 is infinite.
      #expect(found[0] == 3 && found[1] == 1 && found[2] == 1 && found[3] == 2)
      sublayer.divideInput(by: found)
      #expect(Array(sublayer.norm.gain.prefix(4)) == [0, 0x1p-24, 60000, 0.5])
    }
  }
}
