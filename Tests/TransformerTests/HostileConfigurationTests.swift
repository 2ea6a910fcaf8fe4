// One member of a configuration that a family reads is out of range or of another kind: the message must
// say which, what was needed, and what was found.

import Checkpoint
import Formats
import Foundation
import JSON
import TestSupport
import Testing
import Transformer

@Suite struct `A configuration with a value out of range` {
  @Test(arguments: HostileCase.table(hostileConfigurations, columns: 4))
  func `is refused by its family`(case: HostileCase) throws {
    try TemporaryFolder.with { folder in
      let original = try Data(
        contentsOf: URL(fileURLWithPath: Fixtures.path(`case`.fields[0]) + "/config.json"))
      var configuration = try JSONValue(parsing: Array(original))
      try configuration.setMember(`case`.fields[1], to: JSONValue(parsing: `case`.fields[2]))
      try folder.write("config.json", configuration.bytes())
      try folder.write("model.safetensors", RawSafetensors.file([]))
      let model = try ModelFolder(path: folder.path)
      let error = #expect(throws: CheckpointError.self) {
        try Family.all.family(of: model).declaration(of: model)
      }
      #expect(
        error?.description == "\(folder.path)/config.json: \(`case`.message)")
    }
  }
}
