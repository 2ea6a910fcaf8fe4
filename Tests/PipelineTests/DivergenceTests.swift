// A model against its reference over windows of text: means, standard errors and positions must be
// those that whole rows of logits give in double precision.

import Checkpoint
import Formats
import Foundation
import LinearAlgebra
import Pipeline
import Studies
import TestSupport
import Testing
import Transformer

/// The predictions of each window by the textbook.
private func textbook(
  _ model: LanguageModel, _ reference: LanguageModel, _ text: TokenWindows
) throws -> [[TextbookDivergence]] {
  try text.windows.map { window in
    let logits = try [model, reference].map { model in
      var hidden = try model.embeddings(of: window)
      for layer in 0..<model.declaration.blocks.count { try model.block(layer)(&hidden) }
      return try model.logits(hidden).elements
    }
    let size = model.declaration.vocabularySize
    return window.indices.dropLast().map { row in
      let range = row * size..<(row + 1) * size
      return TextbookDivergence(
        logits[0][range], logits[1][range], target: Int(window[row + 1]))
    }
  }
}

/// Checks an estimate against the windows' predictions at some positions.
private func check(
  _ estimate: Estimate, _ windows: [[TextbookDivergence]], _ positions: ClosedRange<Int>,
  sourceLocation: SourceLocation = #_sourceLocation, _ value: (TextbookDivergence) -> Double
) {
  let means = windows.map { window in
    positions.map { value(window[$0 - 1]) }.reduce(0, +) / Double(positions.count)
  }
  let count = Double(means.count)
  let mean = means.reduce(0, +) / count
  #expect(abs(estimate.value - mean) < 1e-5, sourceLocation: sourceLocation)
  guard means.count >= 8 else {
    #expect(estimate.standardError == nil, sourceLocation: sourceLocation)
    return
  }
  let variance = means.map { pow($0 - mean, 2) }.reduce(0, +) / (count - 1)
  let error = estimate.standardError ?? .nan
  #expect(abs(error - sqrt(variance / count)) < 1e-5, sourceLocation: sourceLocation)
}

/// Checks a whole divergence against the textbook.
private func check(
  _ model: LanguageModel, _ reference: LanguageModel, windows: Int, length: Int
) throws -> Divergence {
  let text = TokenWindows(cutting: TinyModel.tokens(windows * length, seed: 3), length: length)
  let found = try Divergence(of: model, from: reference, on: text)
  let predictions = try textbook(model, reference, text)
  for part in found.byPosition + [found.overall] {
    #expect(part.predictions == windows * part.positions.count)
    check(part.klDivergence, predictions, part.positions, \.klDivergence)
    check(part.agreement, predictions, part.positions) { $0.agrees ? 1 : 0 }
    check(part.logProbabilityDifference, predictions, part.positions) {
      $0.logProbability - $0.referenceLogProbability
    }
  }
  #expect(found.overall.positions == 1...length - 1)
  check(found.model.logProbability, predictions, found.overall.positions, \.logProbability)
  check(
    found.reference.logProbability, predictions, found.overall.positions,
    \.referenceLogProbability)
  let alone = try Evaluation(of: model, on: text)
  #expect(abs(found.model.perplexity / alone.perplexity - 1) < 1e-6)
  #expect(
    alone.perplexityStandardError
      == alone.logProbability.standardError.map { $0 * alone.perplexity })
  return found
}

extension TinyModel {
  /// A model with room for long windows.
  fileprivate static func long(seed: UInt64) -> TinyModel {
    var model = TinyModel(seed: seed)
    model.configure("max_position_embeddings", "512")
    return model
  }

  /// A model all of whose logits are zero, and so all tied.
  fileprivate static var flat: TinyModel {
    var model = TinyModel()
    model.replace("model.norm.weight") {
      .init($0.name, $0.type, $0.shape, [UInt8](repeating: 0, count: $0.data.count))
    }
    return model
  }
}

@Suite struct `A divergence` {
  @Test(arguments: [
    (9, 200, [1...63, 64...127, 128...199]), (8, 129, [1...63, 64...127, 128...128]),
    (3, 64, [1...63]), (7, 65, [1...63, 64...64]), (1, 30, [1...29]), (20, 2, [1...1]),
    (1, 2, [1...1]),
  ])
  func `is the textbook's at every position`(
    windows: Int, length: Int, positions: [ClosedRange<Int>]
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.long(seed: 1), as: "model")
      let reference = try folder.open(.long(seed: 2), as: "reference")
      let found = try check(model, reference, windows: windows, length: length)
      #expect(found.byPosition.map(\.positions) == positions)
      #expect(found.overall.klDivergence.value > 0.1)
    }
  }

  @Test func `is the same over several groups of windows`() throws {
    // A head takes about 4096 rows at a time.
    try TemporaryFolder.with { folder in
      let model = try folder.open(.long(seed: 1), as: "model")
      let reference = try folder.open(.long(seed: 2), as: "reference")
      _ = try check(model, reference, windows: 45, length: 100)
    }
  }

  @Test func `of a model from itself is zero`() throws {
    try TemporaryFolder.with { folder in
      for model in [try folder.open(), try folder.open(.flat, as: "flat")] {
        let found = try check(model, model, windows: 10, length: 70)
        for part in found.byPosition + [found.overall] {
          #expect(abs(part.klDivergence.value) < 1e-6)
          #expect(part.agreement.value == 1)
          #expect(part.logProbabilityDifference.value == 0)
        }
        #expect(found.model == found.reference)
      }
    }
  }

  @Test func `takes the first of tied tokens`() throws {
    try TemporaryFolder.with { folder in
      let (model, flat) = (try folder.open(), try folder.open(.flat, as: "flat"))
      let found = try check(flat, model, windows: 8, length: 40)
      // All logits of the flat model are equal, so it always says 0.
      #expect(found.overall.agreement.value < 0.2)
      #expect(abs(found.model.perplexity - 64) < 1e-4)
      #expect(try check(model, flat, windows: 8, length: 40).overall.klDivergence.value > 0)
    }
  }

  @Test func `tells what is being worked on, and never goes back`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let text = TokenWindows(cutting: TinyModel.tokens(100, seed: 3), length: 20)
      var (shares, labels): ([Double], [String]) = ([], [])
      _ = try Divergence(of: model, from: model, on: text) {
        shares.append($0)
        labels.append($1)
      }
      #expect(shares == shares.sorted() && shares.allSatisfy { (0..<1).contains($0) })
      #expect(
        labels == [
          "model, block 0", "model, block 1", "reference, block 0", "reference, block 1",
          "predictions",
        ])
    }
  }
}
