// Runs that end early, and what continues them.

import Checkpoint
import Formats
import Foundation
import JSON
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

private struct Stop: Error {}

extension TemporaryFolder {
  /// A run of a model in this folder that keeps what is done after every block.
  fileprivate func run(
    _ settings: QuantizationSettings, to output: String = "out",
    calibration: CalibrationSet? = .random, statistics: String? = nil, every interval: Double = 0,
    _ interrupted: InterruptedRun = .continueIfAny, on engine: ProductEngine = .float32
  ) throws -> QuantizationRun {
    var model = try LanguageModel(ModelFolder(path: path("model")))
    model.engine = engine
    return try QuantizationRun(
      model: model, settings: settings,
      calibration: calibration, output: path(output), statistics: statistics.map(path),
      checkpointInterval: interval, interrupted: interrupted)
  }
}

extension QuantizationRun {
  /// Ends the run at an event, counted from 0; false if it came to its end before.
  fileprivate func stop(at event: Int) throws -> Bool {
    var count = 0
    do {
      _ = try run { _ in
        if count == event { throw Stop() }
        count += 1
      }
      return false
    } catch is Stop {
      return true
    }
  }
}

@Suite struct `A run that continues another one` {
  @Test(arguments: [Method.gptq, .awqGPTQ, .nearest])
  func `gives the same bytes, wherever that one ended`(method: Method) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let settings = try QuantizationSettings.bits(4, method)
      let whole = try folder.run(settings, to: "whole").run()
      let expected = try folder.contents(of: "whole")
      var (event, resumed) = (0, 0)
      while try folder.run(settings).stop(at: event) {
        let run = try folder.run(settings)
        if run.canBeContinued { resumed += 1 }
        let report = try run.run()
        #expect(report.linears.map(\.json) == whole.linears.map(\.json), "event \(event)")
        #expect(try folder.contents(of: "out") == expected, "event \(event)")
        #expect(try folder.names() == ["model", "out", "whole"])
        try folder.remove("out")
        event += 1
      }
      // The second of two blocks is as long as the first.
      #expect(event > 10 && resumed >= event / 2 - 2, "\(resumed) of \(event)")
    }
  }

  @Test func `has the targets of the full-precision stream`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let settings = QuantizationSettings(
        scheme: try Scheme(bits: 3, symmetric: true, granularity: .group(16)),
        correction: TargetCorrection(.fixed(0.5)))
      _ = try folder.run(settings, to: "whole").run()
      #expect(try folder.run(settings).stop(at: 16))
      var events: [RunEvent] = []
      _ = try folder.run(settings).run { events.append($0) }
      let continued = events.contains { if case .continuing(1, of: 2) = $0 { true } else { false } }
      #expect(continued)
      #expect(try folder.contents(of: "out") == folder.contents(of: "whole"))
    }
  }

  @Test func `writes the statistics that are missing`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let settings = try QuantizationSettings.bits(4)
      _ = try folder.run(settings, to: "whole", statistics: "all").run()
      for event in [3, 16, 20] {
        #expect(try folder.run(settings, statistics: "some").stop(at: event))
        _ = try folder.run(settings, statistics: "some").run()
        #expect(try folder.contents(of: "some") == folder.contents(of: "all"))
        #expect(try folder.contents(of: "out") == folder.contents(of: "whole"))
        try folder.remove("out")
        try folder.remove("some")
      }
    }
  }

  @Test func `must be the same run`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let settings = try QuantizationSettings.bits(4)
      #expect(try folder.run(settings).stop(at: 16))
      func refused(_ words: String, _ body: () throws -> QuantizationRun) {
        #expect {
          _ = try body()
        } throws: { error in
          "\(error)".contains("a run with other settings was interrupted there (\(words)")
        }
      }
      refused("scheme: w4 g16, now w3 g16)") { try folder.run(.bits(3)) }
      refused("method: gptq, now awq+gptq)") { try folder.run(.bits(4, .awqGPTQ)) }
      let shorter = CalibrationSet(
        calibration: CalibrationSet.random.calibration, heldOut: [], length: 32)
      refused("tokens: ") { try folder.run(settings, calibration: shorter) }
      refused("compute: float32, now bfloat16") { try folder.run(settings, on: .bfloat16) }
      refused("statistics: none, now ") { try folder.run(settings, statistics: "more") }
      try folder.remove("model")
      try TinyModel(seed: 5).write("model", in: folder)
      refused("model.safetensors: ") { try folder.run(settings) }
      #expect(try folder.run(settings, .discard).stop(at: 3))
      #expect(try folder.names() == ["model"])
    }
  }

  @Test func `is an error where there is none, if it must be one`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      #expect {
        _ = try folder.run(.bits(4), .mustContinue)
      } throws: {
        "\($0)".hasSuffix("out: no run was interrupted there; nothing to resume")
      }
    }
  }

  @Test func `is refused what is damaged`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let settings = try QuantizationSettings.bits(4)
      #expect(try folder.run(settings).stop(at: 16))
      let states = ".out.partial/.run/states-1.safetensors"
      let whole = try folder.read(states)
      for bytes in [[], Array(whole.prefix(100)), whole.map { _ in 0 }] {
        try folder.write(states, bytes)
        #expect(throws: CheckpointError.self) { try folder.run(settings).run() }
        #expect(try !folder.names().contains("out"))
      }
      try folder.write(states, whole)
      _ = try folder.run(settings).run()
      #expect(try folder.names() == ["model", "out"])
      for text in [
        "", "{}", #"{"run": {}, "blocks": 1, "linears": 3}"#,
        #"{"run": {}, "blocks": -1, "linears": []}"#,
      ] {
        try folder.write(".next.partial/.run/journal.json", text)
        #expect(throws: CheckpointError.self) { try folder.run(settings, to: "next") }
      }
    }
  }

  @Test func `finds nothing where no checkpoint was due`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      #expect(try folder.run(.bits(4), every: 1000).stop(at: 16))
      #expect(try folder.names() == ["model"])
    }
  }
}
