import Formats
import LinearAlgebra
import Quantizer
import Remedies
import TestSupport
import Testing

@testable import Pipeline

@Suite struct `What engines make of a result` {
  private func check(symmetric: Bool, _ format: any CheckpointFormat) throws -> EngineCheck {
    let scheme = try Scheme(bits: 4, symmetric: symmetric, granularity: .group(64))
    let linear = LinearShape(name: "model.layers.0.mlp.up_proj", rows: 256, columns: 256)
    return try EngineCheck([(linear, LinearScheme(scheme))], in: format)
  }

  @Test func `loses transformers where types are mixed in a model of several parts`() throws {
    let whole = try check(symmetric: true, CompressedTensorsFormat())
    #expect(whole.loaders == ["vLLM", "transformers"])
    #expect(whole.warnings.isEmpty)
    let mixed = whole.withoutMixedTypes(.float16, beside: .bfloat16)
    #expect(mixed.loaders == ["vLLM"])
    #expect(mixed.warnings.map(\.text).first?.contains("float16") == true)
    // What does not load anyway needs no second reason.
    #expect(mixed.withoutMixedTypes(.float16, beside: .bfloat16).warnings == mixed.warnings)
    #expect(mixed.withoutMixedExperts().warnings == mixed.warnings)
  }

  @Test func `offers other formats alone where codes are given`() throws {
    let asymmetric = try check(symmetric: false, CompressedTensorsFormat())
    #expect(asymmetric.warnings.flatMap(\.remedies) == [.useSymmetricWeights])
    #expect(asymmetric.forGivenCodes.warnings.map(\.text) == asymmetric.warnings.map(\.text))
    #expect(asymmetric.forGivenCodes.warnings.flatMap(\.remedies).isEmpty)
    let gptq = try check(symmetric: false, GPTQFormat())
    #expect(
      gptq.forGivenCodes.warnings.flatMap(\.remedies) == [.chooseFormat("compressed-tensors")])
  }
}
