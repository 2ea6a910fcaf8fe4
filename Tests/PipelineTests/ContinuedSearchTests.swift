// Searches for bits that end early, and what continues them.

import Checkpoint
import Foundation
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

@testable import Studies

private struct Stop: Error {}

extension TemporaryFolder {
  /// A search on the model in this folder that keeps what it knows after every block.
  fileprivate func search(
    method: Method = .gptq, budget: Double = 3.5, choices: [BitPlan.Entry] = [2, 3, 4],
    calibration: CalibrationSet? = .random, _ interrupted: InterruptedRun = .continueIfAny
  ) throws -> BitSearch {
    try BitSearch(
      model: LanguageModel(ModelFolder(path: path("model"))), settings: .bits(8, method),
      budget: budget, choices: choices, output: path("out"), checkpointInterval: 0,
      interrupted: interrupted, calibration: calibration)
  }
}

extension BitSearch {
  /// Ends the search at a call of its progress, counted from 0; false if it came to its end before.
  fileprivate func stop(at call: Int) throws -> Bool {
    var count = 0
    do {
      _ = try run { _, _ in
        if count == call { throw Stop() }
        count += 1
      }
      return false
    } catch is Stop {
      return true
    }
  }
}

@Suite struct `A search for bits that continues another one` {
  @Test(arguments: [Method.gptq, .awqGPTQ])
  func `finds the same, wherever that one ended`(method: Method) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let whole = try folder.search(method: method).run()
      try BitSearch.forget(beside: folder.path("out"))
      #expect(try folder.names() == ["model"])
      var (call, continued) = (0, 0)
      while try folder.search(method: method).stop(at: call) {
        let search = try folder.search(method: method)
        #expect((search.continued != nil) == search.canBeContinued)
        if search.continued != nil { continued += 1 }
        let report = try search.run()
        #expect(report.plan == whole.plan)
        #expect(report.stages.map(\.predictions) == whole.stages.map(\.predictions), "call \(call)")
        try BitSearch.forget(beside: folder.path("out"))
        call += 1
      }
      // Two blocks of three choices, and the predictions: everything from the second block on continues.
      #expect(call == 9 && continued == 5)
    }
  }

  @Test func `measures nothing where that one had its plan, and serves another budget`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let first = try folder.search().run()
      let search = try folder.search()
      #expect(search.continued?.blocks == 2)
      let second = try search.run { _, _ in throw Stop() }
      #expect(second.plan == first.plan && (0...first.seconds).contains(second.seconds))
      let other = try folder.search(budget: 3.2).run { _, _ in throw Stop() }
      #expect(other.averageBits <= 3.2 && other.plan != first.plan)
      // Begun anew, there is something to be stopped.
      #expect(try folder.search(.discard).stop(at: 0))
    }
  }

  @Test func `must be the same search`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      func refusal(_ body: () throws -> Void) -> String {
        do {
          try body()
          return "not refused"
        } catch {
          return "\(error)".replacing("\(folder.path)/", with: "")
        }
      }
      #expect(
        refusal { _ = try folder.search(.mustContinue) }
          == "out: no run was interrupted there; nothing to resume")
      #expect(try folder.search().stop(at: 5))
      let begin = "out: a run with other settings was interrupted there "
      #expect(
        refusal { _ = try folder.search(budget: 2.5) } == begin + "(reference bits: 3, now 2)")
      #expect(
        refusal { _ = try folder.search(choices: [3, 4]) }
          == begin + "(choices of bits: 2,3,4, now 3,4)")
      #expect(
        refusal { _ = try folder.search(method: .nearest) }.hasPrefix(
          begin + "(method: gptq, now rtn"))
      #expect(
        refusal { try BitSearch.checkNone(beside: folder.path("out")) }
          == begin + "(bits: by a budget, now given)")
      _ = try folder.search(.mustContinue).run()
    }
  }

  @Test func `leaves a folder of the user's alone`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write(".out.search/letter", "mine")
      try BitSearch.forget(beside: folder.path("out"))
      #expect(throws: CheckpointError.self) { try folder.search(.discard).run() }
      #expect(try folder.names(in: ".out.search") == ["letter"])
    }
  }

  @Test func `does not begin where the run that follows would be refused`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let model = try LanguageModel(ModelFolder(path: folder.path("model")))
      let run = try QuantizationRun(
        model: model, settings: .bits(4, .gptq), calibration: .random, output: folder.path("out"),
        checkpointInterval: 0)
      #expect(throws: Stop.self) {
        try run.run { event in
          if case .progress(let share, _) = event, share > 0.5 { throw Stop() }
        }
      }
      try #require(run.canBeContinued)
      var refused = ""
      do { _ = try folder.search() } catch { refused = "\(error)" }
      #expect(refused.contains("(bits: given, now by a budget)"), "\(refused)")
      _ = try folder.search(.discard)
    }
  }

  @Test func `keeps two searches apart`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let (one, other) = (try folder.search(), try folder.search())
      var refused = ""
      _ = try one.run { share, _ in
        guard share == 0 else { return }
        do { _ = try other.run() } catch { refused = "\(error)" }
      }
      #expect(refused.contains("out.search"), "\(refused)")
      try BitSearch.forget(beside: folder.path("out"))
      #expect(try folder.names() == ["model"])
    }
  }

  @Test
  func
    `leaves its folder empty if it is killed while it removes that, and the next one removes it`()
    throws
  {
    try TemporaryFolder.with { folder in
      let search = folder.path(".out.search")
      try FileManager.default.createDirectory(
        atPath: search, withIntermediateDirectories: false)
      try BitSearch.forget(beside: folder.path("out"))
      #expect(try folder.names() == [])
      // A folder of the user's stays.
      try folder.write(".out.search/notes", "mine")
      try BitSearch.forget(beside: folder.path("out"))
      #expect(try folder.names(in: ".out.search") == ["notes"])
    }
  }
}
