// The command that stores a quantized model in another format.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import TestSupport
import Testing

private let refusals: [Refusal] = [
  Refusal(
    "no such format",
    "Missing expected argument '--format <format>'", status: 64, ["convert", "model", "-o", "out"]),
  Refusal(
    "a model that is not quantized",
    "model: no Linear is quantized; quantize it first",
    ["convert", "model", "-o", "out", "--format", "awq"]),
  Refusal(
    "an output that exists",
    "model: the output exists already; choose another --output",
    ["convert", "model", "-o", "model", "--format", "awq"]),
]

@Suite struct `The command that converts` {
  @Test(arguments: refusals)
  func `refuses what it cannot do, and writes nothing`(refusal: Refusal) throws {
    try refusal.check()
  }

  @Test func `keeps predictions identical from one format to the next`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.float16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(320, seed: 2)))
      try folder.write("model/tokenizer.json", "as it was")
      try Command.succeed(
        "quantize", "model", "-o", "start", "--method", "rtn", "--format", "gptq",
        "--group-size", "32", in: folder)
      func evaluate(_ name: String) throws -> String {
        try Command.succeed(
          "eval", name, "--text", "text.safetensors", "--length", "32", in: folder
        ).output
      }
      let expected = try evaluate("start")
      var last = "start"
      for format in ["awq", "compressed-tensors", "gptq"] {
        let outcome = try Command.succeed(
          "convert", last, "-o", "to-\(format)", "--format", format, in: folder)
        let lines = outcome.output.split(separator: "\n")
        try #require(lines.count == 2)
        #expect(lines[0].hasPrefix("14 Linears, 18 432 weights, "))
        #expect(lines[0].contains(/per weight, from [a-z-]+ to \S+, \d/))
        #expect(lines[1] == "written to to-\(format)")
        last = "to-\(format)"
        #expect(try evaluate(last) == expected)
        #expect(try folder.read("\(last)/tokenizer.json") == Array("as it was".utf8))
        let described = try Command.succeed("inspect", last, in: folder).output
        #expect(described.hasSuffix("format: \(format)\n"))
      }
      #expect(
        try folder.read("to-gptq/model.safetensors") == folder.read("start/model.safetensors"))
      #expect(try folder.names(in: "to-gptq").contains("quantize_config.json"))
      #expect(try !folder.names(in: "to-awq").contains("quantize_config.json"))
    }
  }

  @Test func `prints what it did as JSON, and warns about engines`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try Command.succeed(
        "quantize", "model", "-o", "start", "--method", "rtn", "--format", "gptq", "--asymmetric",
        "--group-size", "16", in: folder)
      let outcome = try Command.succeed(
        "convert", "start", "-o", "out", "--format", "awq", "--json", in: folder)
      let report = try outcome.json()
      #expect(try report.member("from").string == "gptq")
      #expect(try report.member("to").string == "awq")
      #expect(try report.member("linears").int == 14)
      #expect(try report.member("weights").int == 18432)
      #expect(try report.member("bits_per_weight").double == 4 + 20.0 / 16)
      #expect(try report.member("dense").array.isEmpty)
      let warnings = outcome.errorLines.filter { $0.hasPrefix("warning: ") }
      #expect(warnings.contains { $0.contains("vLLM loads AWQ on a CPU only where widths are") })
      #expect(outcome.errorLines.contains("will load in transformers"))
      for line in outcome.errorLines
      where !line.hasPrefix("warning: ") && !line.hasPrefix("will load in ") {
        #expect(line.contains(/^\d+%  (checking|writing|verifying)/), "\(line)")
      }
    }
  }
}

@Suite struct `An int8 folder` {
  @Test func `is inspected with the grid of its inputs, and evaluated`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel.int8().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(320, seed: 2)))
      let lines = try Command.succeed("inspect", "model", in: folder).output.split(separator: "\n")
      try #require(lines.count == 17)
      #expect(lines[0].contains("inputs"))
      #expect(
        lines[2].split(separator: " ") == [
          "model.layers.0.self_attn.q_proj", "32", "x", "32", "8", "channel", "symmetric", "scale",
          "0.125,", "zero", "-3", "-", "-",
        ])
      let linears = try Command.succeed("inspect", "model", "--json", in: folder).json()
      let inputs = try #require(try linears.field.array.first).member("activations")
      #expect(try inputs.member("bits").int == 8)
      #expect(try inputs.member("per").string == "tensor")
      #expect(try inputs.member("scale").double == 0.125)
      #expect(try inputs.member("zero_point").int == -3)
      let evaluate = ["eval", "--text", "text.safetensors", "--length", "32", "--json"]
      func perplexity(_ name: String) throws -> Double {
        let outcome = try Command.start(evaluate + [name], in: folder).finish()
        try #require(outcome.status == 0, "\(outcome.errors)")
        return try outcome.json().member("perplexity").double
      }
      let rounded = try perplexity("model")
      // With inputs in floating point, the same weights predict something else.
      let text = String(decoding: try folder.read("model/config.json"), as: UTF8.self)
      try folder.write(
        "model/config.json",
        text.replacing(#""input_activations": {"#, with: #""was": {"#))
      #expect(try perplexity("model") != rounded)
    }
  }

  @Test func `cannot be converted to a format without activations`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel.int8().write("model", in: folder)
      for format in ["gptq", "awq"] {
        let outcome = try Command.run(
          "convert", "model", "-o", "out", "--format", format, in: folder)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("no quantized activations"))
      }
      try Command.succeed(
        "convert", "model", "-o", "out", "--format", "compressed-tensors", in: folder)
      let (before, after) = try (
        ModelFolder(path: folder.path("model")), ModelFolder(path: folder.path("out"))
      )
      #expect(Set(before.tensors.map(\.name)) == Set(after.tensors.map(\.name)))
      #expect(after.tensor("model.layers.1.mlp.up_proj.weight")?.shape.type == .int8)
    }
  }
}

extension TinyModel {
  /// A model with int8 weights and static inputs, as llm-compressor stores them.
  fileprivate static func int8() -> TinyModel {
    var model = TinyModel()
    model.configure(
      "quantization_config",
      #"""
      {"quant_method": "compressed-tensors", "format": "int-quantized", "config_groups": {
      "group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "strategy": "channel"},
      "input_activations": {"num_bits": 8, "strategy": "tensor", "symmetric": false}}}}
      """#)
    let names = model.tensors.map(\.name).filter { $0.hasSuffix("_proj.weight") }
    for name in names {
      let module = name.dropLast(".weight".count)
      var rows = 0
      model.replace(name) { tensor in
        rows = tensor.shape[0]
        let count = tensor.shape.reduce(1, *)
        return .init(
          name, "I8", tensor.shape, (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 32) }
        )
      }
      let scales = (0..<rows).map { Float($0 % 7 + 1) / 1024 }
      model.tensors += [
        .init("\(module).weight_scale", "F32", [rows, 1], RawSafetensors.bytes(scales)),
        .init("\(module).input_scale", "F32", [1], RawSafetensors.bytes([0.125])),
        .init("\(module).input_zero_point", "I8", [1], [UInt8(bitPattern: -3)]),
      ]
    }
    return model
  }
}
