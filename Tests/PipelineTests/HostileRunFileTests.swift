// A file that a run reads or has left is none: the message must say where, what was needed, and what was
// found.

import Checkpoint
import JSON
import TestSupport
import Testing
import Transformer

@testable import Pipeline
@testable import Studies

@Suite struct `A file of a run that is none` {
  @Test(arguments: HostileCase.table(hostileRunFiles, columns: 3))
  func `is refused`(case: HostileCase) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let error = #expect(throws: (any Error).self) {
        try read(`case`.fields[0], `case`.fields[1], in: folder, model)
      }
      let found = error.map { "\($0)".replacing("\(folder.path)/", with: "") }
      #expect(found == `case`.message)
    }
  }

  /// Reads a file of a kind.
  private func read(
    _ kind: String, _ content: String, in folder: TemporaryFolder, _ model: LanguageModel
  ) throws {
    switch kind {
    case "plan":
      try folder.write("plan.json", content)
      _ = try BitPlan(path: folder.path("plan.json"), for: model)
    case "manifest":
      try folder.write("m/\(Manifest.fileName)", content)
      _ = try Manifest(in: folder.path("m"))
    case "report":
      try folder.write("model/\(RunReport.fileName)", content)
      _ = try RunReport(recordedIn: ModelFolder(path: folder.path("model")))
    case "journal":
      try folder.write("w/journal.json", content)
      _ = try Journal(in: folder.path("w"))
    case "search":
      try folder.write(".out.search/kept/journal.json", content)
      _ = try BitSearchJournal(
        beside: folder.path("out"),
        for: model.declaration.blocks.indices.map(model.declaration.linearsStoredAlike), choices: 2)
    default:
      try folder.write("a.jsonl", "\n\(content)")
      _ = try TextFile(path: folder.path("a.jsonl")).recordTokens(atLeast: nil) { _ in [] }
    }
  }
}
