// The forward pass against transformers, on small random models: every kind of RoPE and norm; biases,
// windows, caps and mixtures; tied, sharded and half-precision weights; old and new spellings of the
// configuration. Tools/make-forward-goldens.py made the models and the logits with the versions in
// Fixtures/versions.json. Every option of a decoder has a fixture here; `make families` makes those of
// all families, and runs this test on them.

import Checkpoint
import Foundation
import JSON
import LinearAlgebra
import Testing
import Transformer

@Suite struct GoldenTests {
  /// Logits are a few units apart; float32 rounding moves them by less than this.
  private static let bound: Float = 1e-4

  @Test(arguments: Fixtures.names)
  func `logits match those of transformers`(name: String) throws {
    let path = try Fixtures.path(name)
    let model = try LanguageModel(ModelFolder(path: path))
    let golden = try SafetensorsFile(path: "\(path)/golden.safetensors")
    let lengths = golden.entries.map(\.name).filter { $0.hasPrefix("input_ids.") }
    #expect(!lengths.isEmpty)
    for tensor in lengths {
      let tokens = try #require(golden.integers(tensor)).map { Int32($0) }
      let expected = try #require(
        golden.floats(tensor.replacingOccurrences(of: "input_ids", with: "logits")))
      var hidden = try model.embeddings(of: tokens)
      for index in model.declaration.blocks.indices { try model.block(index)(&hidden) }
      let logits = try model.logits(hidden)
      try #require(logits.elements.count == expected.count)
      let worst = zip(logits.elements, expected).map { abs($0 - $1) }.max() ?? .infinity
      if Fixtures.isChosen { print("logits \(name) \(tokens.count) \(worst)") }
      #expect(worst < Self.bound, "\(name), \(tokens.count) tokens: off by \(worst)")
      try compareLogProbabilities(model, hidden, expected, tokens)
    }
  }

  /// Compares the log-probabilities of the next tokens with those from the golden logits.
  private func compareLogProbabilities(
    _ model: LanguageModel, _ hidden: Matrix, _ logits: [Float], _ tokens: [Int32]
  ) throws {
    let vocabulary = model.declaration.vocabularySize
    let targets = Array(tokens.dropFirst()) + [0]
    let found = try model.logProbabilities(of: targets, after: hidden)
    for (row, target) in targets.enumerated() {
      let values = logits[row * vocabulary..<(row + 1) * vocabulary].map(Double.init)
      let top = values.max() ?? 0
      let total = top + log(values.reduce(0) { $0 + exp($1 - top) })
      #expect(abs(found[row] - (values[Int(target)] - total)) < 1e-4)
    }
  }
}
