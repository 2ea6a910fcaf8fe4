// Whole runs of a mixture of experts, one of which never gets a token.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import Studies
import TestSupport
import Testing
import Transformer

/// The number of the expert that a Linear belongs to.
private func expert(_ name: String) -> Int? {
  name.firstMatch(of: /experts\.(\d+)\./).flatMap { Int($0.1) }
}

@Suite struct `A run of a mixture` {
  private func run(
    _ settings: QuantizationSettings, _ model: LanguageModel, in folder: TemporaryFolder
  ) throws -> (report: RunReport, output: LanguageModel) {
    let report = try QuantizationRun(
      model: model, settings: settings, calibration: .random, output: folder.path("out")
    ).run()
    return (report, try LanguageModel(ModelFolder(path: folder.path("out"))))
  }

  @Test(arguments: [Method.gptq, .awqGPTQ, .awq, .nearest], [FloatFormat.float32, .bfloat16])
  func `reports how many tokens each expert saw`(method: Method, format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture(format))
      let (report, output) = try run(.bits(4, method), model, in: folder)
      #expect(report.linears.map(\.name) == model.linears.map(\.name))
      #expect(report.linears.count == 2 * (4 + 3 * TinyModel.expertCount))
      for block in 0..<2 {
        let linears = report.linears.filter { $0.name.hasPrefix("model.layers.\(block).") }
        var tokens: [Int: Set<Int?>] = [:]
        for linear in linears {
          guard let expert = expert(linear.name) else {
            #expect(linear.expertTokens == nil && !linear.isUnderCalibrated, "\(linear.name)")
            continue
          }
          tokens[expert, default: []].insert(linear.expertTokens)
          #expect(
            linear.isUnderCalibrated == ((linear.expertTokens ?? 0) < linear.columns),
            "\(linear.name)")
        }
        // All Linears of an expert see the same tokens, and each token goes to one expert.
        #expect(tokens.values.allSatisfy { $0.count == 1 })
        let counts = try (0..<4).map { try #require(tokens[$0]?.first ?? nil) }
        #expect(counts.reduce(0, +) == report.calibrationTokens)
        #expect(counts[3] == 0 && counts.prefix(3).allSatisfy { $0 > 0 })
      }
      #expect(try RunReport(report.json).json == report.json)
      #expect(
        try RunReport(report.json).linears.map(\.expertTokens) == report.linears.map(\.expertTokens)
      )
      let recorded = try #require(try RunReport(recordedIn: output.folder))
      #expect(recorded.linears.map(\.json) == report.linears.map(\.json))
    }
  }

  @Test func `says once what transformers does not load, and advises nothing that does not help`()
    throws
  {
    try TemporaryFolder.with { folder in
      let settings = QuantizationSettings(
        scheme: try Scheme(bits: 4, symmetric: false, granularity: .group(32)), method: .nearest)
      let run = try QuantizationRun(
        model: folder.open(.mixture()), settings: settings, calibration: nil,
        output: folder.path("out"))
      var (loaders, warnings) = ([String](), [String]())
      _ = try run.run { event in
        if case .loaders(let found) = event { loaders = found }
        if case .warning(let found) = event { warnings.append(found.text) }
      }
      #expect(loaders == ["vLLM"])
      #expect(warnings == ["transformers does not load experts with asymmetric weights"])
    }
  }

  @Test(arguments: [Method.gptq, .awqGPTQ])
  func `stores every expert, and the model predicts nearly what it did`(method: Method) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture())
      let (_, output) = try run(.bits(8, method), model, in: folder)
      for linear in model.linears { #expect(output.isQuantized(linear), "\(linear.name)") }
      let text = TokenWindows(cutting: TinyModel.tokens(300, seed: 9), length: 30)
      // A token between two experts may go to the other one, which costs more than all rounding.
      let found = try Divergence(of: output, from: model, on: text).overall.klDivergence
      #expect(found.value < 0.05, "\(found.value)")
      let other = try folder.open(.mixture(seed: 2), as: "other")
      let control = try Divergence(of: other, from: model, on: text).overall.klDivergence
      #expect(control.value > 0.5, "\(control.value)")
    }
  }

  @Test func `learns from all tokens where an expert has none`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture())
      let (_, output) = try run(.bits(4, .gptq), model, in: folder)
      for linear in model.linears where expert(linear.name) == 3 {
        let found = try #require(try output.quantizedLinear(linear)).weight
        let original = try model.folder.matrix(
          "\(linear.name).weight", rows: linear.rows, columns: linear.columns)
        let nearest = QuantizedWeight(nearest: original, on: found.grid)
        #expect(found != nearest, "\(linear.name)")
      }
    }
  }

  @Test func `is compared with the tokens of its experts`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture())
      let report = try ComparisonRun(
        model: model, candidates: [.bits(4, .nearest), .bits(4, .awqGPTQ)], calibration: .random
      ).run()
      for candidate in report.candidates {
        #expect(candidate.linears.map(\.name) == model.linears.map(\.name))
        for linear in candidate.linears {
          #expect((linear.expertTokens == nil) == (expert(linear.name) == nil), "\(linear.name)")
          if expert(linear.name) == 3 { #expect(linear.expertTokens == 0) }
        }
      }
      let only = try ComparisonRun(
        model: model, candidates: [.bits(4, .awqGPTQ)], calibration: .random,
        selection: LinearFilter(layers: [1], modules: ["2.up_proj", "0.down_proj"])
      ).run().candidates[0].linears
      #expect(
        only.map(\.name) == [
          "model.layers.1.mlp.experts.2.up_proj", "model.layers.1.mlp.experts.0.down_proj",
        ])
      for linear in only {
        let whole = try #require(
          report.candidates[1].linears.first { $0.name == linear.name })
        #expect(linear.error == whole.error && linear.inputScales == whole.inputScales)
      }
    }
  }
}
