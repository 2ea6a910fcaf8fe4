// What a run reports while it works, and how its caller can end it.

import Checkpoint
import Formats
import Foundation
import JSON
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

private struct Stop: Error, Equatable {
  let event: Int
}

/// A run of a tiny model with three bits, which not every engine loads.
private func run(
  in folder: TemporaryFolder, _ method: Method = .gptq,
  calibration: CalibrationSet? = .random, _ tell: (RunEvent) throws -> Void
) throws -> RunReport {
  let model = try folder.open()
  return try QuantizationRun(
    model: model, settings: .bits(3, method), calibration: calibration, output: folder.path("out")
  ).run(tell)
}

@Suite struct `A run` {
  @Test func `solves every Linear once, in the order of the computation, and reports each`() throws
  {
    try TemporaryFolder.with { folder in
      var events: [RunEvent] = []
      let report = try run(in: folder) { events.append($0) }
      let order = (0..<2).flatMap { layer in
        TinyModel.linears.map { "model.layers.\(layer).\($0.0)" }
      }
      // No instant counts for two phases.
      #expect(Set(report.phases.keys) == Set(RunPhase.allCases))
      #expect(report.phases.values.reduce(0, +) <= (report.seconds ?? 0))
      let solved = events.compactMap { if case .solved(let linear) = $0 { linear } else { nil } }
      #expect(solved.map(\.name) == order)
      #expect(report.linears == solved)
      for (linear, shape) in try pairs(solved, TinyModel.linears + TinyModel.linears) {
        #expect(linear.rows == shape.1 && linear.columns == shape.2)
        // 32 bits of scale for 16 weights of 3, and the shape in 128 bits.
        #expect(linear.bitsPerWeight == 5 + 128 / Double(shape.1 * shape.2))
        let (seen, unseen) = (
          try #require(linear.error.calibration), try #require(linear.error.heldOut)
        )
        #expect(0 < seen && seen < unseen && unseen < 0.2)
        #expect(linear.conditioning == Conditioning(damping: 0.01, retries: 0, deadChannels: 0))
      }
      // First what to know, then each block, and each input followed by the Linears that are final.
      let kinds = events.map { event in
        switch event {
        case .loaders(let engines): engines == ["transformers"] ? "l" : "?"
        case .continuing: "c"
        case .warning: "w"
        case .progress: "p"
        case .solved: "s"
        }
      }
      #expect(kinds.joined() == "lwppsspsspsssppsspsspsss")
      let shares = events.compactMap {
        if case .progress(let share, let label) = $0 { "\(share) \(label)" } else { nil }
      }
      // After q, k and v; o; gate and up.
      let done = [0, 3, 4, 6].map { Double($0) / 7 }
      let expected = (0..<2).flatMap { block in
        done.map { "\((Double(block) + $0) / 2) block \(block)" }
      }
      #expect(shares == expected)
      #expect(report.calibrationTokens == 256 && report.heldOutTokens == 64)
      #expect(report.method == "gptq")
      #expect(try #require(report.seconds) > 0)
      // The time of a run is not part of its result.
      var recorded = report.json
      try recorded.setMember("seconds", to: .null)
      #expect(try JSONValue(parsing: folder.read("out/ptq-report.json")) == recorded)
    }
  }

  @Test func `without calibration reports errors of the weights only`() throws {
    try TemporaryFolder.with { folder in
      let report = try run(in: folder, .nearest, calibration: nil) { _ in }
      #expect(report.calibrationTokens == 0 && report.heldOutTokens == 0)
      for linear in report.linears {
        #expect(linear.error.calibration == nil && linear.error.heldOut == nil)
        #expect(0 < linear.error.weight && linear.error.weight < 0.1)
        #expect(linear.conditioning == nil)
      }
    }
  }

  @Test(arguments: 0..<17)
  func `ends at any event whose listener throws, and leaves nothing`(event: Int) throws {
    try TemporaryFolder.with { folder in
      var count = 0
      let error = #expect(throws: Stop.self) {
        try run(in: folder) { _ in
          count += 1
          if count == event + 1 { throw Stop(event: event) }
        }
      }
      #expect(error == Stop(event: event))
      #expect(count == event + 1)
      let left = try folder.names()
      #expect(left == ["model"])
    }
  }

  @Test func `checks everything that is cheap before it reads the calibration`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      func calibration() throws -> CalibrationSet? { throw Stop(event: -1) }
      #expect(throws: Stop.self) {
        try QuantizationRun(
          model: model, settings: .bits(4), calibration: try calibration(),
          output: folder.path("out"))
      }
      #expect(throws: CheckpointError.self) {
        try QuantizationRun(
          model: model, settings: .bits(4), calibration: try calibration(),
          output: folder.path("model"))
      }
      let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(24))
      #expect(throws: RunError.self) {
        try QuantizationRun(
          model: model, settings: QuantizationSettings(scheme: scheme),
          calibration: try calibration(), output: folder.path("out"))
      }
    }
  }
}
