// Every kind of source: formats, shards, biases, tensors that are not of the model.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

/// Checks that every tensor but the Linears' weights is the same in both folders.
private func expectSameRest(
  _ output: ModelFolder, _ model: ModelFolder, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  for tensor in model.tensors where !tensor.name.hasSuffix("_proj.weight") {
    let copy = try #require(output.tensor(tensor.name), sourceLocation: sourceLocation)
    #expect(copy.shape == tensor.shape, "\(tensor.name)", sourceLocation: sourceLocation)
    #expect(copy.bytes == tensor.bytes, "\(tensor.name)", sourceLocation: sourceLocation)
  }
}

@Suite struct `A source` {
  @Test(arguments: [FloatFormat.float32, .float16, .bfloat16])
  func `of any format keeps its type in scales and in the rest`(format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(format))
      let output = try folder.quantize(model, .bits(8))
      try expectSameRest(output.folder, model.folder)
      for linear in model.linears {
        let scale = try #require(output.folder.tensor("\(linear.name).weight_scale"))
        #expect(scale.shape.type == TensorType(format))
        let original = try model.folder.matrix(
          "\(linear.name).weight", rows: linear.rows, columns: linear.columns)
        let weights = try #require(try output.quantizedLinear(linear)).weight.dequantized()
        // Half of a step of 2/256 of the largest weight, and what GPTQ moves.
        let worst = try pairs(weights.elements, original.elements).map { abs($0 - $1) }.max() ?? 1
        #expect(worst < 0.05, "\(linear.name)")
      }
    }
  }

  @Test func `in float32 has float16 scales in the format that has no others`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let output = try folder.quantize(model, .bits(4, format: GPTQFormat()))
      try expectSameRest(output.folder, model.folder)
      for linear in model.linears {
        #expect(output.folder.tensor("\(linear.name).scales")?.shape.type == .float16)
      }
    }
  }

  @Test(arguments: [2, 5])
  func `in shards gives what it gives in one file`(shards: Int) throws {
    try TemporaryFolder.with { folder in
      let whole = try folder.quantize(folder.open(), .bits(4), to: "a")
      let parts = try folder.quantize(
        folder.open(as: "parts", shards: shards), .bits(4), to: "b")
      #expect(Set(whole.folder.tensors.map(\.name)) == Set(parts.folder.tensors.map(\.name)))
      try expectSameRest(parts.folder, whole.folder)
      #expect(try whole.codes() == parts.codes())
      #expect(try folder.names(in: "b").filter { $0.hasSuffix("safetensors") }.count == 1)
      #expect(try !folder.names(in: "b").contains("model.safetensors.index.json"))
    }
  }

  @Test func `with tensors that are not of the model keeps them`() throws {
    try TemporaryFolder.with { folder in
      var tiny = TinyModel()
      let floats = RawSafetensors.bytes([1, .nan, -0.0, .infinity] as [Float])
      let extra: [RawSafetensors.Tensor] = [
        .init("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", [4], floats),
        .init("model.layers.2.mlp.up_proj.lora", "F64", [1], [1, 2, 3, 4, 5, 6, 7, 8]),
        .init("steps", "I64", [], [9, 0, 0, 0, 0, 0, 0, 0]),
        .init("mask", "BOOL", [3], [1, 0, 1]), .init("none", "BF16", [0, 5], []),
      ]
      tiny.tensors += extra
      let model = try folder.open(tiny)
      let output = try folder.quantize(model, .bits(4))
      try expectSameRest(output.folder, model.folder)
      for tensor in extra {
        #expect(output.folder.tensor(tensor.name)?.bytes == tensor.data, "\(tensor.name)")
      }
      #expect(
        output.folder.tensors.count
          == model.folder.tensors.count + 2 * model.linears.count)
    }
  }

  @Test func `with biases keeps them, and they count`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(attentionBias: true))
      let output = try folder.quantize(model, .bits(8))
      try expectSameRest(output.folder, model.folder)
      for layer in 0..<2 {
        let (before, after) = (try model.block(layer), try output.block(layer))
        let (attention, mlp) = ("model.layers.\(layer).self_attn", "model.layers.\(layer).mlp")
        #expect(Set(after.weights.linears.keys) == Set(before.weights.linears.keys))
        for (name, linear) in after.weights.linears {
          #expect(linear.bias?.values == before.weights.linear(name).bias?.values, "\(name)")
        }
        let output = after.weights.linear("\(attention).o_proj").bias
        #expect(output?.values.contains { abs($0) > 0.1 } == true)
        #expect(after.weights.linear("\(mlp).down_proj").bias == nil)
      }
    }
  }

  @Test func `with an index or a model card leaves both behind`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(shards: 2)
      for name in [
        "README.md", "pytorch_model.bin.index.json", "quantize_config.json", "notes.txt",
        "ptq-manifest.json", "ptq-report.json",
      ] { try folder.write("model/\(name)", "old") }
      for name in ["LICENSE", "merges.txt", "chat_template.jinja", "modeling.py", "vocab.json"] {
        try folder.write("model/\(name)", "kept")
      }
      _ = try folder.quantize(model, .bits(4))
      let names = try folder.names(in: "out")
      #expect(
        names == [
          "LICENSE", "chat_template.jinja", "config.json", "merges.txt", "model.safetensors",
          "modeling.py", "ptq-manifest.json", "ptq-report.json", "vocab.json",
        ])
      #expect(try JSONValue(parsing: folder.read("out/ptq-report.json"))["method"] == "gptq")
    }
  }
}
