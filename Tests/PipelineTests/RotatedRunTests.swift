// A run whose method rotates the model first.

import Checkpoint
import JSON
import LinearAlgebra
import Pipeline
import Solvers
import Studies
import TestSupport
import Testing
import Transformer

@Suite struct `A rotated run` {
  private static let families: [TinyModel.Family] = [.llama, .qwen2, .qwen3]

  @Test(arguments: families)
  func `writes a model that computes nearly the same`(family: TinyModel.Family) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(family: family, attentionBias: family == .llama))
      let output = try folder.quantize(
        model, .bits(8, Method(rotates: true, rounding: .nearest)))
      let (expected, found) = (try logits(model), try logits(output))
      var difference = expected
      difference.subtract(found)
      let energy = { (matrix: Matrix) in matrix.elements.reduce(0) { $0 + Double($1) * Double($1) }
      }
      // 8 bits in groups of 16; without the rotation of any one tensor, this would be about 1.
      #expect(energy(difference) < 1e-3 * energy(expected))
      #expect(try output.codes() != folder.quantize(model, .bits(8, .nearest), to: "plain").codes())
    }
  }

  @Test func `gives a tied model a head of its own`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      var warnings: [Warning] = []
      let run = try QuantizationRun(
        model: model, settings: .bits(4, Method(rotates: true, rounding: .gptq)),
        calibration: .random, output: folder.path("out"))
      _ = try run.run { if case .warning(let warning) = $0 { warnings.append(warning) } }
      #expect(warnings.contains { $0.text.contains("rotation") })
      let output = try ModelFolder(path: folder.path("out"))
      #expect(try output.configuration.member("tie_word_embeddings").bool == false)
      #expect(output.tensor("lm_head.weight") != nil)
    }
  }

  @Test func `can be compared with others that rotate, and only with them`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let rotated = try QuantizationSettings.bits(4, Method(rotates: true, rounding: .gptq))
      let plain = try QuantizationSettings.bits(4)
      #expect(throws: RunError.self) {
        try ComparisonRun(model: model, candidates: [rotated, plain], calibration: .random)
      }
      let reports = try [rotated, plain].map {
        try ComparisonRun(model: model, candidates: [$0], calibration: .random).run()
      }
      let errors = reports.map { $0.candidates.flatMap(\.linears).map(\.error.heldOut) }
      #expect(errors[0].count == errors[1].count && errors[0] != errors[1])
    }
  }

  private func logits(_ model: LanguageModel) throws -> Matrix {
    var hidden = try model.embeddings(of: TinyModel.tokens(24, seed: 3))
    for index in model.declaration.blocks.indices { try model.block(index)(&hidden) }
    return try model.logits(hidden)
  }
}
