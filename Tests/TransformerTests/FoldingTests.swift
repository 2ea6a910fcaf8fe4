// The scaling of inputs is undone exactly: without quantization, a model with factors folded into
// its norms, biases and neighbouring weights computes the same as before.

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
  for index in model.declaration.blocks.indices {
    var block = try model.block(index)
    change(&block, index)
    block(&hidden)
    result.append(hidden)
  }
  return result + [try model.logits(hidden)]
}

/// The largest difference between outputs, relative to the largest element.
private func difference(_ a: [Matrix], _ b: [Matrix]) -> Float {
  guard a.map(\.elements.count) == b.map(\.elements.count) else { return .infinity }
  return zip(a, b).map { a, b in
    let largest = a.elements.map(abs).max() ?? 0
    return (zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? .infinity) / largest
  }.max() ?? .infinity
}

@Suite struct `Folded factors` {
  /// The rounding of sums of 64 float32 products, with factors that differ by up to a hundred.
  private static let bound: Float = 5e-5

  /// Folds factors into one place of every block, or into all places for nil.
  ///
  /// - Returns: the outputs, or nil if no block has that place.
  private func folded(_ model: LanguageModel, _ place: Int?) throws -> [Matrix]? {
    var count = 0
    let result = try outputs(of: model) { block, index in
      for (i, absorber) in block.program.places.enumerated() where place == nil || place == i {
        let reader = block.program.readers(of: absorber)[0].name
        let weight = block.weights.linear(reader).weight
        let twos = [Float](repeating: 2, count: weight.columns)
        // A norm that adds one and has a bias, both in 16 bits, takes up nothing exactly.
        let isFoldable =
          block.storableFactors(twos, for: absorber) != [Float](repeating: 1, count: twos.count)
        block.fold(absorber, seed: UInt64(10 * index + i))
        // Powers of two leave the outputs unchanged to the bit, so only the weights show the fold.
        #expect((block.weights.linear(reader).weight != weight) == isFoldable)
        count += 1
      }
    }
    return count > 0 ? result : nil
  }

  /// Expects that the outputs stay the same.
  ///
  /// - Returns: the largest relative difference.
  @discardableResult
  private func check(_ model: LanguageModel) throws -> Float {
    let original = try outputs(of: model)
    let places = model.declaration.blocks.map { $0.places.count }.max() ?? 0
    #expect(places >= 1)
    var worst: Float = 0
    // Only the first places one by one, because a mixture has one for every expert.
    for place in (0..<min(places, 6)).map(Int?.some) + [nil] {
      let result = try #require(try folded(model, place))
      let found = difference(original, result)
      #expect(found < Self.bound, "place \(place.map(String.init) ?? "all"): \(found)")
      worst = max(worst, found)
    }
    return worst
  }

  @Test(arguments: TinyModel.Family.allCases, FloatFormat.allCases)
  func `change nothing, in each place alone and in all together`(
    family: TinyModel.Family, format: FloatFormat
  ) throws {
    try TemporaryFolder.with { folder in _ = try check(try openTiny(family, format, in: folder)) }
  }

  @Test(arguments: Fixtures.names)
  func `change nothing in any of the golden models`(name: String) throws {
    let worst = try check(try Fixtures.model(name))
    if Fixtures.isChosen { print("folds \(name) \(worst)") }
  }

  @Test(arguments: ["llama", "qwen2", "llama-biases", "gemma3", "gpt-neox", "qwen3-moe"])
  func `change the outputs when a part is left out`(name: String) throws {
    let model = try Fixtures.model(name)
    let original = try outputs(of: model)
    var made: Set<Mistake> = []
    for place in 0..<model.declaration.blocks[0].places.count {
      for mistake in Mistake.allCases {
        var wasMade = false
        let folded = try outputs(of: model) { block, index in
          let absorber = block.program.places[place]
          if block.fold(absorber, mistake, seed: UInt64(index)) { wasMade = true }
        }
        guard wasMade else { continue }
        made.insert(mistake)
        let found = difference(original, folded)
        #expect(found > 20 * Self.bound, "place \(place), \(mistake): \(found)")
      }
    }
    #expect(made.isSuperset(of: [.consumer, .producer]))
  }
}
