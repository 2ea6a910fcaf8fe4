import Checkpoint
import Formats
import Quantizer
import Remedies
import TestSupport
import Testing

/// A Linear in a scheme, and the engines that load it.
private struct Case: Sendable, CustomTestStringConvertible {
  let format: any CheckpointFormat
  let scheme: LinearScheme
  var linear = LinearShape(name: "model.layers.0.mlp.up_proj", rows: 256, columns: 256)
  let loaders: Set<String>

  var testDescription: String {
    "\(format.name), \(scheme), \(linear.rows) x \(linear.columns)"
  }

  init(
    _ format: any CheckpointFormat, _ bits: Int, symmetric: Bool = true,
    _ granularity: Scheme.Granularity = .group(128), inputs: ActivationScheme? = nil,
    rows: Int = 256, columns: Int = 256, loaders: Set<String>
  ) throws {
    self.format = format
    scheme = LinearScheme(
      try Scheme(bits: bits, symmetric: symmetric, granularity: granularity), activations: inputs)
    linear = LinearShape(name: "model.layers.0.mlp.up_proj", rows: rows, columns: columns)
    self.loaders = loaders
  }

  func verdicts() -> [EngineVerdict] { EngineRules.verdicts(on: linear, scheme, in: format) }
}

private let gptq = GPTQFormat()
private let packed = CompressedTensorsFormat()
private let awq = AWQFormat()
private let token = ActivationScheme(granularity: .token, symmetric: true)
private let fixed = ActivationScheme(granularity: .tensor, symmetric: false)

/// What vLLM 0.33, transformers 5.23 and gptqmodel 7.7 load.
private func table() throws -> [Case] {
  [
    try Case(gptq, 4, loaders: ["vLLM", "transformers", "gptqmodel"]),
    try Case(gptq, 8, loaders: ["vLLM", "transformers", "gptqmodel"]),
    try Case(gptq, 4, .group(32), loaders: ["vLLM", "transformers", "gptqmodel"]),
    try Case(gptq, 4, .channel, loaders: ["vLLM", "transformers", "gptqmodel"]),
    try Case(gptq, 4, .tensor, loaders: ["vLLM", "transformers", "gptqmodel"]),
    try Case(gptq, 4, .group(16), loaders: ["transformers", "gptqmodel"]),
    try Case(gptq, 2, loaders: ["transformers", "gptqmodel"]),
    try Case(gptq, 3, loaders: ["transformers", "gptqmodel"]),
    try Case(gptq, 4, symmetric: false, loaders: ["transformers"]),
    try Case(gptq, 5, loaders: []),
    try Case(gptq, 4, .channel, rows: 256, columns: 100, loaders: []),
    try Case(gptq, 4, .channel, rows: 100, columns: 256, loaders: []),
    try Case(
      gptq, 8, .channel, rows: 100, columns: 100, loaders: ["vLLM", "transformers", "gptqmodel"]),
    try Case(packed, 4, loaders: ["vLLM", "transformers"]),
    try Case(packed, 8, .channel, loaders: ["vLLM", "transformers"]),
    try Case(packed, 4, symmetric: false, loaders: ["vLLM"]),
    try Case(packed, 4, .group(256), loaders: ["transformers"]),
    try Case(packed, 3, loaders: ["transformers"]),
    try Case(packed, 4, .channel, rows: 7, columns: 33, loaders: ["vLLM", "transformers"]),
    try Case(packed, 8, .channel, inputs: token, loaders: ["vLLM", "transformers"]),
    try Case(packed, 8, .tensor, inputs: fixed, loaders: ["vLLM", "transformers"]),
    try Case(packed, 8, .group(128), inputs: token, loaders: []),
    try Case(packed, 8, symmetric: false, .channel, inputs: token, loaders: []),
    try Case(packed, 4, .channel, inputs: fixed, loaders: []),
    try Case(gptq, 8, .channel, inputs: token, loaders: []),
    try Case(awq, 4, .channel, inputs: token, loaders: []),
    try Case(awq, 4, loaders: ["vLLM", "transformers"]),
    try Case(awq, 4, symmetric: false, .channel, loaders: ["vLLM", "transformers"]),
    try Case(awq, 4, .group(16), loaders: ["transformers"]),
    try Case(awq, 4, .channel, rows: 40, loaders: ["transformers"]),
    try Case(awq, 4, .channel, rows: 36, loaders: []),
    try Case(awq, 8, loaders: []),
  ]
}

@Suite struct `The rules of engines` {
  @Test(arguments: try table())
  private func `determine which engines load a Linear`(example: Case) {
    let loaders = example.verdicts().filter { $0.objection == nil }.map(\.engine)
    #expect(Set(loaders) == example.loaders)
  }

  @Test func `know that transformers loads few experts`() throws {
    func loads(
      _ format: any CheckpointFormat, _ bits: Int, symmetric: Bool = true,
      _ inputs: ActivationScheme? = nil
    )
      throws -> Set<String>
    {
      let scheme = LinearScheme(
        try Scheme(
          bits: bits, symmetric: symmetric, granularity: inputs == nil ? .group(128) : .channel),
        activations: inputs)
      let linear = LinearShape(
        name: "model.layers.0.mlp.experts.3.up_proj", rows: 256, columns: 256)
      return Set(
        EngineRules.verdicts(on: linear, scheme, in: format, inExpertOf: "mixtral")
          .filter { $0.objection == nil }.map(\.engine))
    }
    #expect(try loads(packed, 4) == ["vLLM", "transformers"])
    #expect(try loads(packed, 4, symmetric: false) == ["vLLM"])
    #expect(try loads(packed, 8, token) == ["vLLM"])
    #expect(try loads(gptq, 4) == ["vLLM", "gptqmodel"])
    #expect(try loads(awq, 4) == ["vLLM"])
    let offsets = LinearScheme(try Scheme(bits: 4, points: .offset, granularity: .group(64)))
    for (type, isRefused) in [("mixtral", false), ("qwen3_moe", true)] {
      let stacked = EngineRules.verdicts(
        on: LinearShape(name: "model.layers.0.mlp.experts.3.up_proj", rows: 256, columns: 256),
        offsets,
        in: MLXFormat(), inExpertOf: type)
      #expect(stacked.map(\.isRefusal) == [isRefused])
    }
  }

  @Test func `name each engine once, and carry what would load instead`() throws {
    for example in try table() {
      let verdicts = example.verdicts()
      #expect(Set(verdicts.map(\.engine)).count == verdicts.count)
      for verdict in verdicts {
        #expect((verdict.objection?.count ?? 100) > 20)
        #expect(verdict.objection?.contains("--") != true, "a library names no flags")
        #expect(verdict.objection != nil || verdict.remedies.isEmpty)
      }
    }
    let packing = try Case(gptq, 4, .channel, rows: 256, columns: 100, loaders: []).verdicts()[0]
    let objection = try #require(packing.objection)
    #expect(objection.contains("up_proj") && objection.contains("input width 100"))
    #expect(packing.remedies == [.chooseFormat("compressed-tensors")])
  }

  @Test(
    arguments: [Scheme.Points.offset, .table(.nf4)],
    CheckpointFormats.all.filter { !$0.storesOffsets && $0.standardScheme == nil }.map(\.name))
  func `refuse grids that a format cannot store`(points: Scheme.Points, format: String) throws {
    let format = try #require(CheckpointFormats.all.first { $0.name == format })
    let scheme = LinearScheme(try Scheme(bits: 4, points: points, granularity: .group(64)))
    let linear = LinearShape(name: "up_proj", rows: 256, columns: 256)
    let verdicts = EngineRules.verdicts(on: linear, scheme, in: format)
    #expect(!verdicts.isEmpty && verdicts.allSatisfy(\.isRefusal))
    #expect(verdicts.allSatisfy { $0.remedies.first == .useIntegerGrid })
  }

  @Test func `do not refuse what a setting of the engine makes it load`() throws {
    let scheme = try Scheme(bits: 3, symmetric: false, granularity: .group(64))
    let linear = LinearShape(name: "up_proj", rows: 256, columns: 256)
    let packed = EngineRules.verdicts(on: linear, LinearScheme(scheme), in: packed)
    #expect(packed.allSatisfy { $0.objection != nil && !$0.isRefusal })
    let gptq = EngineRules.verdicts(on: linear, LinearScheme(scheme), in: gptq)
    #expect(gptq.filter(\.isRefusal).map(\.engine) == ["vLLM", "gptqmodel"])
    let small = try Scheme(bits: 4, symmetric: false, granularity: .group(16))
    let awq = EngineRules.verdicts(on: linear, LinearScheme(small), in: awq)
    #expect(awq[0].objection?.contains("groups of 16") == true && !awq[0].isRefusal)
  }
}
