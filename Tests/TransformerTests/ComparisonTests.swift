// The comparison of two models' predictions, which reads the vocabulary in slabs, against a textbook
// version on whole rows of logits in double precision.

import Checkpoint
import LinearAlgebra
import TestSupport
import Testing
import Transformer

/// Three slabs; the last one is short, and its length is not a multiple of any vector's.
private let vocabulary = 20_001

extension TinyModel {
  /// A model of another width and vocabulary, with random matrices.
  ///
  /// The embedding, which is also the head, gets additional noise.
  fileprivate static func resized(
    hidden: Int, seed: UInt64, noise: Double = 0
  ) -> TinyModel {
    var model = TinyModel()
    model.configure("hidden_size", "\(hidden)")
    model.configure("head_dim", "8")
    model.configure("vocab_size", "\(vocabulary)")
    for (index, tensor) in model.tensors.enumerated() {
      let isEmbedding = tensor.name.contains("embed")
      var shape = tensor.shape
      let isOutput = ["o_proj", "down_proj"].contains { tensor.name.contains($0) }
      shape[isOutput ? 0 : shape.count - 1] = hidden
      if isEmbedding { shape[0] = vocabulary }
      let count = shape.reduce(1, *)
      let values = Matrix.gaussian(1, count, seed: seed + UInt64(index)).elements
      let noises = Matrix.gaussian(1, count, scale: isEmbedding ? noise : 0, seed: 99).elements
      model.replace(tensor.name) {
        .init(
          $0.name, "F32", shape, FloatFormat.float32.encode(zip(values, noises).map { $0 + $1 }))
      }
    }
    return model
  }

  /// The model with a head whose logits are all zero except for the first token.
  fileprivate func withHead(ofFirst value: Float) -> TinyModel {
    var model = self
    model.replace("model.embed_tokens.weight") {
      var values = [Float](repeating: 0, count: $0.shape.reduce(1, *))
      for i in 0..<$0.shape[1] { values[i] = value }
      return .init($0.name, $0.type, $0.shape, FloatFormat.float32.encode(values))
    }
    return model
  }
}

/// Compares two models after random hidden states, with the library and with the textbook.
private func compare(
  _ model: TinyModel, _ reference: TinyModel, widths: (Int, Int), sameStates: Bool = false
) throws -> (found: [PredictionComparison], textbook: [TextbookDivergence]) {
  try TemporaryFolder.with { folder in
    try model.write("model", in: folder)
    try reference.write("reference", in: folder)
    let first = try LanguageModel(ModelFolder(path: folder.path("model")))
    let second = try LanguageModel(ModelFolder(path: folder.path("reference")))
    // More rows than one thread takes at a time.
    let rows = 150
    let states = Matrix.gaussian(rows, widths.0, seed: 5)
    let others = sameStates ? states : Matrix.gaussian(rows, widths.1, seed: 6)
    let targets = (0..<rows).map { Int32($0 * 7919 % vocabulary) }
    let found = try first.comparisons(of: targets, after: states, with: second, after: others)
    let logits = (try first.logits(states).elements, try second.logits(others).elements)
    let textbook = (0..<rows).map { row in
      let range = row * vocabulary..<(row + 1) * vocabulary
      return TextbookDivergence(
        logits.0[range], logits.1[range], target: Int(targets[row]))
    }
    return (found, textbook)
  }
}

@Suite struct `A comparison of predictions` {
  @Test func `matches the textbook for unrelated models, even of different widths`() throws {
    let (found, textbook) = try compare(
      .resized(hidden: 32, seed: 100), .resized(hidden: 48, seed: 200), widths: (32, 48))
    #expect(textbook.allSatisfy { $0.klDivergence > 1 })
    for (a, b) in zip(found, textbook) {
      #expect(abs(a.klDivergence - b.klDivergence) < 1e-5 * b.klDivergence)
      #expect(abs(a.logProbability - b.logProbability) < 1e-4)
      #expect(abs(a.referenceLogProbability - b.referenceLogProbability) < 1e-4)
      #expect(a.agrees == b.agrees)
    }
  }

  @Test(arguments: [0.1, 0.01, 0.001])
  func `matches the textbook for similar models, whose divergence is tiny`(noise: Double) throws {
    let (found, textbook) = try compare(
      .resized(hidden: 32, seed: 100, noise: noise), .resized(hidden: 32, seed: 100),
      widths: (32, 32), sameStates: true)
    let mean = textbook.reduce(0) { $0 + $1.klDivergence } / Double(textbook.count)
    #expect(mean > 0 && mean < 30 * noise * noise, "\(mean)")
    let worst = zip(found, textbook).map { abs($0.klDivergence - $1.klDivergence) }.max() ?? 1
    // The rounding error of the logits, which depends on the kernels of the BLAS.
    #expect(worst < 1e-6 + 1e-5 * mean, "\(worst) beside \(mean)")
    let agreement = (found.count(where: \.agrees), textbook.count(where: \.agrees))
    #expect(agreement.0 == agreement.1 && agreement.0 > found.count / 2)
  }

  @Test func `takes the first of tied tokens, whichever slabs they are in`() throws {
    let model = TinyModel.resized(hidden: 32, seed: 100)
    // One model always predicts token 0; the other predicts 1 where the logit of 0 is negative.
    let (found, textbook) = try compare(
      model.withHead(ofFirst: 0), model.withHead(ofFirst: 1), widths: (32, 32))
    #expect(found.map(\.agrees) == textbook.map(\.agrees))
    #expect((20..<130).contains(found.count(where: \.agrees)))
  }

  @Test func `finds no difference between a model and itself`() throws {
    let model = TinyModel.resized(hidden: 32, seed: 100)
    let found = try compare(model, model, widths: (32, 32), sameStates: true).found
    #expect(found.allSatisfy { abs($0.klDivergence) < 1e-6 && $0.agrees })
    #expect(found.allSatisfy { $0.logProbability == $0.referenceLogProbability })
  }
}
