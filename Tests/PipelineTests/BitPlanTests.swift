// Plans of bits: their files, what they may say, and runs that follow them.

import Checkpoint
import Formats
import JSON
import Quantizer
import Remedies
import Solvers
import TestSupport
import Testing
import Transformer

@testable import Pipeline
@testable import Studies

extension BitPlan {
  /// The bits of each kind of Linear, in every block of a tiny model.
  fileprivate static func tiny(
    _ queryKeyValue: Int, _ output: Int, _ gateUp: Int, _ down: Int
  ) -> BitPlan {
    let bits = [
      "self_attn.q_proj": queryKeyValue, "self_attn.k_proj": queryKeyValue,
      "self_attn.v_proj": queryKeyValue, "self_attn.o_proj": output, "mlp.gate_proj": gateUp,
      "mlp.up_proj": gateUp, "mlp.down_proj": down,
    ]
    return BitPlan(
      Dictionary(
        uniqueKeysWithValues: (0..<2).flatMap { layer in
          bits.map { ("model.layers.\(layer).\($0)", $1) }
        }))
  }
}

/// Why a run with a plan cannot start; "none" if it can.
private func refusal(
  of plan: BitPlan, _ model: LanguageModel, _ settings: QuantizationSettings
) -> String {
  var settings = settings
  settings.bitPlan = plan
  do {
    _ = try RunPlan(model, settings)
    return "none"
  } catch {
    return "\(error)"
  }
}

/// Checks that a closure throws an error with these words.
private func expectError(
  _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> some Any
) {
  #expect(sourceLocation: sourceLocation) {
    _ = try body()
  } throws: { error in
    let missing = words.filter { !"\(error)".contains($0) }
    if !missing.isEmpty {
      Issue.record("\(missing) not in: \(error)", sourceLocation: sourceLocation)
    }
    return true
  }
}

@Suite struct `A plan of bits` {
  @Test func `is read as it was written`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let plan = BitPlan.tiny(3, 4, 2, 8)
      let json = plan.json(for: model, averageBits: 34.0 / 9)
      #expect(abs(try json.member("average_bits").double - 34.0 / 9) < 1e-6)
      try folder.write("plan.json", json.bytes(.pretty))
      #expect(try BitPlan(path: folder.path("plan.json"), for: model) == plan)
      #expect(try json.member("bits").object.names == model.linears.map(\.name))
      #expect(plan.widths == [2, 3, 4, 8])
    }
  }

  @Test func `may have a star for a part of a name, and the last entry counts`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      try folder.write(
        "plan.json",
        #"""
        {"bits": {"model.layers.*.self_attn.*": 3, "model.layers.*.mlp.*": 2,
         "model.layers.*.self_attn.o_proj": 4, "model.layers.*.mlp.down_proj": 8}}
        """#)
      let plan = try BitPlan(path: folder.path("plan.json"), for: model)
      #expect(plan == .tiny(3, 4, 2, 8))
    }
  }

  /// Identities state them before anybody asks whether there are such codes.
  @Test func `may state any number of bits`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      try folder.write("plan.json", #"{"bits": {"model.layers.*.*.*": 9223372036854775807}}"#)
      let plan = try BitPlan(path: folder.path("plan.json"), for: model)
      try folder.write("again.json", plan.json(for: model).bytes(.pretty))
      #expect(try BitPlan(path: folder.path("again.json"), for: model) == plan)
    }
  }

  @Test func `that does not fit the model is an error`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      func read(_ members: String) throws -> BitPlan {
        try folder.write("plan.json", #"{"bits": {\#(members)}}"#)
        return try BitPlan(path: folder.path("plan.json"), for: model)
      }
      let all = #""model.layers.*.*.*": 4"#
      #expect(try read(all).widths == [4])
      expectError("names model.layers.2.mlp.up_proj, which") {
        try read("\(all), \"model.layers.2.mlp.up_proj\": 4")
      }
      expectError("names model.*.up_proj, which") { try read("\(all), \"model.*.up_proj\": 4") }
      expectError("model.layers.0.self_attn.q_proj", "and 11 more Linears") {
        try read("")
      }
      expectError("v_proj", "4 and", "3; engines merge them") {
        try read("\(all), \"model.layers.1.self_attn.v_proj\": 3")
      }
      expectError("plan.json", "bits", "an integer") { try read(#""a": 3.5"#) }
      try folder.write("plan.json", "[]")
      expectError("plan.json", "an object") {
        try BitPlan(path: folder.path("plan.json"), for: model)
      }
    }
  }

  @Test func `has one number of bits for all experts of a block`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture())
      let sets = model.declaration.linearsStoredAlike(block: 0)
      #expect(sets.map(\.count) == [3, 1, 3 * TinyModel.expertCount])
      let names = model.declaration.linears(block: 0).map(\.name)
      #expect(sets.joined().map(\.name).sorted() == names.sorted())
      let llama = try folder.open(as: "llama")
      #expect(llama.declaration.linearsStoredAlike(block: 1).map(\.count) == [3, 1, 2, 1])
    }
  }

  @Test func `is refused where the scheme, the format or the method allows it not`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let mixed = BitPlan.tiny(3, 4, 2, 8)
      #expect(
        refusal(of: .tiny(9, 4, 4, 4), model, try .bits(4)).contains(
          "q_proj: 9 bits are not supported"))
      #expect(
        refusal(of: mixed, model, try .bits(4, format: GPTQFormat()))
          == "gptq stores one number of bits for all Linears")
      #expect(
        refusal(of: mixed, model, try .bits(4, format: AWQFormat()))
          == "awq stores one number of bits for all Linears")
      #expect(refusal(of: mixed, model, try .bits(8, .int8)).contains("int8 rounds inputs"))
      #expect(refusal(of: BitPlan([:]), model, try .bits(4)).contains("and 11 more Linears"))
      let unknown = BitPlan(entries: mixed.entries.mapValues { _ in .type("fp9") })
      #expect(
        refusal(of: unknown, model, try .bits(4)).contains(
          "the type fp9, which compressed-tensors does not have; it has fp8, fp8-block"))
      let typed = BitPlan(entries: mixed.entries.mapValues { _ in .type("fp8") })
      #expect(refusal(of: typed, model, try .bits(4)) == "none")
      #expect(
        refusal(of: typed, model, try .bits(4, format: MLXFormat()))
          == "mlx stores one number of bits for all Linears")
      #expect(
        refusal(of: .tiny(8, 8, 8, 8), model, try .bits(4, format: GPTQFormat())) == "none")
    }
  }
}

@Suite struct `A run with a plan of bits` {
  @Test(arguments: [Method.gptq, .awqGPTQ, .nearest])
  func `stores each Linear with its bits`(method: Method) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      var settings = try QuantizationSettings.bits(4, method)
      let plan = BitPlan.tiny(3, 4, 2, 8)
      settings.bitPlan = plan
      var warnings: [Warning] = []
      let report = try QuantizationRun(
        model: model, settings: settings, calibration: .random, output: folder.path("out")
      ).run { if case .warning(let warning) = $0 { warnings.append(warning) } }
      let output = try LanguageModel(ModelFolder(path: folder.path("out")))
      for (linear, reported) in try pairs(model.linears, report.linears) {
        let bits = try #require(plan[linear.name].flatMap { Int($0.description) })
        let weight = try #require(try output.quantizedLinear(linear)).weight
        #expect(weight.grid.scheme.bits == bits)
        #expect(weight.codes.max().map { Int($0) < 1 << bits } == true)
        #expect(weight.codes.max().map { Int($0) >= 1 << (bits - 1) } == true)
        // A 32-bit scale for every 16 weights, and 128 bits for the shape.
        let extra = 2 + 128 / Double(linear.rows * linear.columns)
        #expect(reported.name == linear.name)
        #expect(abs(reported.bitsPerWeight - Double(bits) - extra) < 1e-9)
      }
      // What only some kernels load is said for each width.
      #expect(warnings.map(\.text).filter { $0.contains("Humming") }.count == 2)
      #expect(warnings.contains { $0.remedies == [.restrictWidths([4, 8])] })
    }
  }

  @Test func `solves a stage as a run does in which all have its bits`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      var settings = try QuantizationSettings.bits(8)
      settings.bitPlan = .tiny(3, 4, 2, 8)
      let mixed = try folder.quantize(model, settings, to: "mixed")
      let uniform = try folder.quantize(model, .bits(3), to: "uniform")
      // Later stages have other inputs.
      for linear in model.linears.prefix(3) {
        #expect(try mixed.quantizedLinear(linear) == uniform.quantizedLinear(linear))
      }
    }
  }

  @Test(arguments: [CompressedTensorsFormat() as any CheckpointFormat, GPTQFormat()])
  func `of one number of bits writes what the scheme alone would`(
    format: any CheckpointFormat
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      var settings = try QuantizationSettings.bits(8, format: format)
      settings.bitPlan = .tiny(4, 4, 4, 4)
      let planned = try folder.quantize(model, settings, to: "planned")
      let plain = try folder.quantize(model, .bits(4, format: format), to: "plain")
      for name in ["config.json", "model.safetensors"] {
        #expect(try folder.read("planned/\(name)") == folder.read("plain/\(name)"))
      }
      #expect(planned.format?.name == plain.format?.name)
    }
  }

  @Test func `gives a folder that can be converted to a format of several schemes only`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      var settings = try QuantizationSettings.bits(4)
      settings.bitPlan = .tiny(3, 4, 2, 8)
      let mixed = try folder.quantize(model, settings, to: "mixed")
      _ = try Conversion(
        of: mixed, to: CompressedTensorsFormat(), output: folder.path("again")
      ).run()
      let again = try LanguageModel(ModelFolder(path: folder.path("again")))
      for linear in model.linears {
        #expect(try again.quantizedLinear(linear) == mixed.quantizedLinear(linear))
      }
      #expect(throws: ConversionError.self) {
        do {
          _ = try Conversion(of: mixed, to: GPTQFormat(), output: folder.path("gptq")).run()
        } catch let error as ConversionError {
          #expect(error.description.contains("3 bits") && error.description.contains("4 bits"))
          #expect(error.description.contains("converted to gptq"))
          #expect(error.remedies == [.chooseFormat("compressed-tensors")])
          throw error
        }
      }
    }
  }
}
