// Inputs are left alone where scaling them cannot help, or where nothing can take up the factors.

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

/// The names of the tensors beside the Linears' weights whose bytes differ.
private func changedRest(_ output: LanguageModel, _ model: LanguageModel) throws -> [String] {
  try model.folder.tensors.filter { !$0.name.hasSuffix("_proj.weight") }.compactMap { tensor in
    let copy = try #require(output.folder.tensor(tensor.name))
    #expect(copy.shape == tensor.shape, "\(tensor.name)")
    return copy.bytes == tensor.bytes ? nil : tensor.name
  }
}

@Suite struct `A model that scaling cannot help` {
  @Test(arguments: [Method.awq, .awqGPTQ, .awqClip])
  func `keeps its norms, byte by byte`(method: Method) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.onGrid)
      let settings = try QuantizationSettings.scaled(method, symmetric: false)
      let replay = try model.replay(settings)
      #expect(replay.flatMap(\.stages).allSatisfy { $0.solution.factors == nil })
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

  @Test func `is a special one: others have their norms changed`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(.bfloat16))
      let output = try folder.quantize(model, .scaled(.awq, symmetric: false))
      #expect(try changedRest(output, model).contains { $0.contains("layernorm") })
    }
  }
}

@Suite struct `One scale for a whole tensor` {
  @Test(arguments: [Method.smoothQuant, .smoothQuantStatic])
  func `takes up no factors of single rows`(method: Method) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(family: .qwen2))
      let settings = try QuantizationSettings.scaled(method, granularity: .tensor)
      let replay = try model.replay(settings)
      for block in replay {
        // Norms take up the factors of q/k/v and gate/up; v and up would have to for o and down.
        #expect(block.stages.map { $0.solution.factors != nil } == [true, false, true, false])
        #expect(block.stored.count == 7)
        for (name, solution) in block.stored {
          #expect(Set(solution.quantized.grid.scales.elements).count == 1, "\(name)")
        }
      }
      let output = try folder.quantize(model, settings)
      let changed = try changedRest(output, model)
      #expect(changed.count == 4 && changed.allSatisfy { $0.hasSuffix("layernorm.weight") })
      for (index, replayed) in replay.enumerated() {
        let written = try output.block(index)
        for norm in written.program.norms {
          let gain = try #require(written.weights.norms[norm.name]).gain
          #expect(gain == replayed.after.weights.norms[norm.name]?.gain)
        }
        for name in ["self_attn.o_proj", "mlp.down_proj"] {
          let key = "model.layers.\(index).\(name)"
          let (a, b) = (written.weights.linear(key), replayed.after.weights.linear(key))
          let largest = b.weight.elements.map(abs).max() ?? 0
          #expect(
            try pairs(a.weight.elements, b.weight.elements).allSatisfy {
              abs($0 - $1) < 0.02 * largest
            })
        }
      }
    }
  }

  @Test func `is what prevents it: by channel, the rows of v and up are scaled too`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(family: .qwen2))
      let output = try folder.quantize(model, .scaled(.smoothQuant))
      let changed = try changedRest(output, model)
      #expect(changed.contains("model.layers.0.self_attn.v_proj.bias"))
      #expect(!changed.contains("model.layers.0.self_attn.q_proj.bias"))
      #expect(changed.count == 6)
    }
  }
}
