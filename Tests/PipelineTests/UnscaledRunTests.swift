// Where scaling activations cannot help, or nothing can take up the factors, it is left alone.

import Checkpoint
import Formats
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

extension TinyModel {
  /// A model whose Linears lie on a grid of 4 bits: in each group of 16 the integers from −8 to 7.
  fileprivate static var onGrid: TinyModel {
    var model = TinyModel(.bfloat16)
    var generator = SplitMix64(seed: 5)
    for tensor in model.tensors where tensor.name.hasSuffix("_proj.weight") {
      let count = tensor.shape.reduce(1, *)
      let values = (0..<count / 16).flatMap { _ in
        (-8..<8).shuffled(using: &generator).map { Float($0) / 32 }
      }
      model.replace(tensor.name) {
        .init($0.name, $0.type, $0.shape, FloatFormat.bfloat16.encode(values))
      }
    }
    return model
  }
}

/// Checks that norms and biases are the same, byte by byte; or gives how many are not.
private func changedRest(_ output: LanguageModel, _ model: LanguageModel) throws -> [String] {
  try model.folder.tensors.filter { !$0.name.hasSuffix("_proj.weight") }.compactMap { tensor in
    let copy = try #require(output.folder.tensor(tensor.name))
    #expect(copy.shape == tensor.shape, "\(tensor.name)")
    return copy.bytes == tensor.bytes ? nil : tensor.name
  }
}

@Suite struct `A model that scaling cannot help` {
  @Test(arguments: ["awq", "awq+gptq", "awq+clip"])
  func `keeps its norms, byte by byte`(words: String) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.onGrid)
      let settings = try QuantizationSettings.scaled(words, symmetric: false)
      let replay = try model.replay(settings)
      #expect(replay.joined().flatMap(\.stages).allSatisfy { $0.factors == nil })
      let output = try folder.quantize(model, settings)
      #expect(try changedRest(output, model).isEmpty)
      for linear in model.linears {
        let found = try #require(try output.quantizedLinear(linear)).weight.dequantized()
        let original = try model.folder.matrix(
          "\(linear.name).weight", rows: linear.rows, columns: linear.columns)
        #expect(found == original, "\(linear.name)")
      }
    }
  }

  @Test func `is another one than that which it helps`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(.bfloat16))
      let output = try folder.quantize(model, .scaled("awq", symmetric: false))
      #expect(try changedRest(output, model).contains { $0.contains("layernorm") })
    }
  }
}

@Suite struct `One scale for a whole tensor` {
  @Test(arguments: ["smoothquant", "smoothquant+static"])
  func `takes up no factors of single rows`(words: String) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(family: .qwen2))
      let settings = try QuantizationSettings.scaled(words, granularity: .tensor)
      let replay = try model.replay(settings)
      for replayed in replay.joined() {
        #expect(replayed.stages[0].factors != nil && replayed.stages[1].factors == nil)
        for solution in replayed.solutions {
          #expect(Set(solution.quantized.grid.scales.elements).count == 1, "\(solution.name)")
        }
      }
      let output = try folder.quantize(model, settings)
      let changed = try changedRest(output, model)
      #expect(changed.count == 4 && changed.allSatisfy { $0.hasSuffix("layernorm.weight") })
      for (layer, sublayers) in replay.enumerated() {
        for (a, b) in zip(try output.block(layer).sublayers, sublayers) {
          #expect(a.norm.gain == b.after.norm.gain)
          let largest = b.after.outputLinear.weight.elements.map(abs).max() ?? 0
          let pairs = zip(a.outputLinear.weight.elements, b.after.outputLinear.weight.elements)
          #expect(pairs.allSatisfy { abs($0 - $1) < 0.02 * largest })
        }
      }
    }
  }

  @Test func `by channel, the same model has its values and ups scaled too`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(family: .qwen2))
      let output = try folder.quantize(model, .scaled("smoothquant"))
      let changed = try changedRest(output, model)
      #expect(changed.contains("model.layers.0.self_attn.v_proj.bias"))
      #expect(!changed.contains("model.layers.0.self_attn.q_proj.bias"))
      #expect(changed.count == 6)
    }
  }
}
