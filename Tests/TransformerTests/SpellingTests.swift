// What a configuration means that leaves out a member, or says it in another place: each family has its own
// defaults, and reads members that others ignore. The rows and the logits are from
// `Tools/make-forward-goldens.py --spellings`.

import Checkpoint
import Foundation
import JSON
import LinearAlgebra
import TestSupport
import Testing
import Transformer

/// A fixture whose configuration was edited.
private struct Spelling: Sendable, CustomTestStringConvertible {
  let fixture: String
  let changes: JSONValue
  let absent: [String]
  let logits: [Float]

  var testDescription: String { "\(fixture), \(changes.text(.compact)), without \(absent)" }

  static func all() throws -> [Spelling] {
    let rows = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("spellings.json")))
    let logits = try SafetensorsFile(path: Fixtures.path("spellings.safetensors"))
    return try JSONValue(parsing: Array(rows)).field.array.enumerated().map { index, row in
      Spelling(
        fixture: try row.member("fixture").string, changes: try row.member("changes").value,
        absent: try row.member("absent").strings, logits: try #require(logits.floats("\(index)")))
    }
  }

  /// The model of the fixture's weights under the edited configuration.
  func model(in folder: TemporaryFolder) throws -> LanguageModel {
    let path = try Fixtures.path(fixture)
    let original = try Data(contentsOf: URL(fileURLWithPath: "\(path)/config.json"))
    var members = JSONObject()
    for (name, field) in try JSONValue(parsing: Array(original)).field.members
    where !absent.contains(name) { members[name] = field.value }
    for (name, field) in try changes.field.members { members[name] = field.value }
    try folder.write("config.json", JSONValue.object(members).bytes())
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("model.safetensors"), withDestinationPath: "\(path)/model.safetensors")
    return try LanguageModel(ModelFolder(path: folder.path))
  }
}

@Suite struct `A configuration that leaves something to its family` {
  @Test func `means what it means to transformers`() throws {
    let all = try Spelling.all()
    #expect(all.count >= 30)
    for spelling in all {
      try TemporaryFolder.with { folder in
        let model = try spelling.model(in: folder)
        let golden = try SafetensorsFile(
          path: Fixtures.path(spelling.fixture) + "/golden.safetensors")
        let tokens = try #require(golden.integers("input_ids.64")).map { Int32($0) }
        var hidden = try model.embeddings(of: tokens)
        for index in model.declaration.blocks.indices { try model.block(index)(&hidden) }
        let found = Array(try model.logits(hidden).elements.suffix(spelling.logits.count))
        let worst = zip(found, spelling.logits).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst < 1e-4, "\(spelling.testDescription): off by \(worst)")
      }
    }
  }
}
