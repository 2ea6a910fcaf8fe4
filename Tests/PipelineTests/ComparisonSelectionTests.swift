// Which Linears a comparison looks at, and what it does without.

import LinearAlgebra
import Quantizer
import Remedies
import Solvers
import TestSupport
import Testing
import Transformer

@testable import Pipeline
@testable import Studies

@Suite struct `The selection of a comparison` {
  @Test(arguments: [nil, [0], [1]] as [Set<Int>?], [nil, ["v_proj", "mlp.down_proj"]])
  func `looks at what was selected, and goes no further`(
    layers: Set<Int>?, modules: [String]?
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let candidates = [
        try QuantizationSettings.scaled(.gptq), try .scaled(.awqOutput),
      ]
      func run(_ selection: LinearFilter) throws -> (ComparisonReport, [String]) {
        var labels: [String] = []
        let report = try ComparisonRun(
          model: model, candidates: candidates, calibration: .random,
          selection: selection
        ).run { share, label in
          #expect((0...1).contains(share))
          labels.append(label)
        }
        return (report, labels)
      }
      let (all, _) = try run(.all)
      let (some, labels) = try run(LinearFilter(layers: layers, modules: modules))
      for (found, whole) in try pairs(some.candidates, all.candidates) {
        let expected = whole.linears.filter { linear in
          (layers?.contains(linear.layer ?? -1) ?? true)
            && (modules == nil || ["v_proj", "down_proj"].contains(where: linear.name.hasSuffix))
        }
        #expect(found.linears.map(\.name) == expected.map(\.name))
        for (a, b) in try pairs(found.linears, expected) {
          #expect(a.error == b.error, "\(a.name)")
          #expect(a.inputScales == b.inputScales, "\(a.name)")
        }
      }
      #expect(labels.contains("block 1") == (layers != [0]))
      #expect(labels.contains("block 0"))
    }
  }

  @Test func `of what does not exist is an error`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      for selection in [
        LinearFilter(layers: [2]), LinearFilter(modules: ["proj"]),
        LinearFilter(layers: []), LinearFilter(modules: ["lm_head"]),
      ] {
        #expect(throws: RunError.self) {
          try ComparisonRun(
            model: model, candidates: [.scaled(.nearest)], calibration: .random,
            selection: selection)
        }
      }
    }
  }

  @Test func `of groups that do not fit a Linear says so before it starts`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let settings = try QuantizationSettings.scaled(.nearest, granularity: .group(64))
      func run(_ module: String) throws -> ComparisonReport {
        try ComparisonRun(
          model: model, candidates: [settings], calibration: .random,
          selection: LinearFilter(modules: [module])
        ).run()
      }
      let error = #expect(throws: RunError.self) { try run("o_proj") }
      #expect(error?.description.contains("group size 64 does not divide") == true)
      // The other Linears of its block are 32 wide, and none of them is solved.
      #expect(try run("down_proj").candidates[0].linears.count == 2)
    }
  }

  @Test func `is of whole models where perplexities are asked for`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let text = TokenWindows(cutting: TinyModel.tokens(40, seed: 1), length: 20)
      let error = #expect(throws: RunError.self) {
        try ComparisonRun(
          model: model, candidates: [.scaled(.nearest)], calibration: .random,
          selection: LinearFilter(layers: [0]), text: text)
      }
      #expect(error?.description.contains("only some are selected") == true)
      #expect(error?.remedies == [.selectEverything, .leaveOutText])
    }
  }

  @Test func `keeps hidden states for predictions only where there are any to make`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let text = TokenWindows(cutting: TinyModel.tokens(40, seed: 1), length: 20)
      func kept(_ text: TokenWindows?) throws -> [Int] {
        let streams = try JudgedStreams(model, text, count: 3)
        let candidates = Mirror(reflecting: streams).descendant("candidates") as? [Stream]
        return try #require(candidates).map { try $0.windows.count }
      }
      #expect(try kept(nil) == [0, 0, 0])
      #expect(try kept(text) == [2, 2, 2])
    }
  }
}
