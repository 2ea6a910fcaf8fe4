// Scaled activations are exactly undone: without any quantization, a model whose factors were folded
// into its norms, biases and neighbouring weights says what it said before.

import Checkpoint
import Foundation
import LinearAlgebra
import TestSupport
import Testing
import Transformer

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

@Suite struct `Folded factors` {
  /// Sums of 64 float32 products behind factors of a hundred between the largest and the smallest.
  private static let bound: Float = 5e-5

  @Test(arguments: TinyModel.Family.allCases, FloatFormat.allCases)
  func `change nothing, in each place and in all together`(
    family: TinyModel.Family, format: FloatFormat
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try openTiny(family, format, in: folder)
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
      let model = try openTiny(family, .float32, in: folder)
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
}
