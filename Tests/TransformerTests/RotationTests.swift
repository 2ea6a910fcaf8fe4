// A rotated model computes what the original does, by other weights.

import Checkpoint
import Formats
import LinearAlgebra
import TestSupport
import Testing

@testable import Transformer

@Suite struct `A rotated model` {
  /// Norms that subtract the mean, and norms behind a sublayer, do not commute with a rotation.
  private static func isRefused(_ name: String) -> Bool {
    let families = [
      "afmoe", "bloom", "cohere-norms", "cohere2", "exaone4", "falcon-alibi", "falcon-groups",
      "gemma2",
      "glm4", "gpt2",
      "gptj", "nemotron", "olmo", "olmo2", "olmo3", "opt", "phi", "stablelm",
    ]
    return families.contains(name) || name.hasPrefix("gemma3") || name.hasPrefix("gpt-neox")
  }

  /// Models whose router, rounded to 16 bits, picks other experts for some token.
  private static let rerouted = ["ernie4-5-moe", "mixtral"]

  @Test(arguments: Fixtures.names.filter { !isRefused($0) && !rerouted.contains($0) })
  func `computes the same logits`(name: String) throws {
    let model = try Fixtures.model(name)
    let rotated = try model.rotated()
    // What stays dense is rounded to its storage format, which is coarse for some of the fixtures.
    let type = try #require(model.folder.tensor("\(model.declaration.embedding).weight")).shape.type
    let bound: Float = type.floatFormat == .float32 ? 1e-4 : 0.05
    let (expected, found) = (try logits(model), try logits(rotated))
    let largest = expected.elements.map(abs).max() ?? 0
    let worst = zip(expected.elements, found.elements).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < bound * largest, "off by \(worst) of \(largest)")
  }

  @Test(arguments: Fixtures.names.filter { !isRefused($0) })
  func `has other weights in every Linear, and no gains`(name: String) throws {
    let model = try Fixtures.model(name)
    let rotated = try model.rotated()
    for index in model.declaration.blocks.indices {
      let (before, after) = (try model.block(index), try rotated.block(index))
      for slot in before.program.stages.flatMap(\.slots) {
        #expect(after.weights.linear(slot.name).weight != before.weights.linear(slot.name).weight)
      }
      for name in try #require(before.program.residualAccess).norms {
        #expect(after.weights.norms[name]?.gain.allSatisfy { $0 == 1 } == true)
      }
    }
    #expect(try rotated.finalNorm().gain.allSatisfy { $0 == 1 })
  }

  @Test(arguments: Fixtures.names.filter(isRefused))
  func `is refused where the rotation would not be exact`(name: String) throws {
    let model = try Fixtures.model(name)
    #expect(throws: RotationError.self) { try model.rotated() }
  }

  @Test func `stores the head that a tied model lacks`() throws {
    let model = try Fixtures.model("llama-tied-bf16").rotated()
    #expect(model.untiesHead)
    var stored: [String: [UInt8]] = [:]
    try model.forEachRotatedTensor { stored[$0] = $1 }
    #expect(Set(stored.keys) == Set(model.rotatedTensors.map(\.name)))
    for tensor in model.rotatedTensors {
      #expect(stored[tensor.name]?.count == tensor.shape.byteCount, "\(tensor.name)")
    }
    #expect(stored["lm_head.weight"] != stored["model.embed_tokens.weight"])
    #expect(try Fixtures.model("llama-tied-bf16").untiesHead == false)
  }

  private func logits(_ model: LanguageModel) throws -> Matrix {
    var hidden = try model.embeddings(of: TinyModel.tokens(40, seed: 3))
    for index in model.declaration.blocks.indices { try model.block(index)(&hidden) }
    return try model.logits(hidden)
  }
}
