// One member of a `quantization_config` is out of range or of another kind: the message must say which,
// what was needed, and what was found.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let linear = LinearShape(name: "model.layers.0.mlp.up_proj", rows: 16, columns: 64)

@Suite struct `A quantization_config with a value out of range` {
  @Test(arguments: HostileCase.table(hostileStatements, columns: 4))
  func `is refused by its format`(case: HostileCase) throws {
    try TemporaryFolder.with { folder in
      let format = try #require(CheckpointFormats.all.first { $0.name == `case`.fields[0] })
      let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(16))
      _ = try folder.store(quantized(linear, scheme, format), linear, format)
      let config = try JSONValue(parsing: folder.read("out/config.json"))
      let path = "quantization_config.\(`case`.fields[1])"
      let changed = try config.setting(
        path.split(separator: ".")[...], to: JSONValue(parsing: `case`.fields[2]))
      try folder.write("out/config.json", changed.bytes())
      let error = #expect(throws: CheckpointError.self) {
        try ModelFolder(path: folder.path("out")).decodeLinear(linear)
      }
      let found = error?.description.replacing("\(folder.path)/", with: "")
      #expect(found == `case`.message)
    }
  }
}

extension JSONValue {
  /// The value with the part at a path replaced.
  fileprivate func setting(_ path: ArraySlice<Substring>, to value: JSONValue) throws -> JSONValue {
    guard let name = path.first else { return value }
    var result = self
    let part = self[String(name)] ?? .null
    try result.setMember(String(name), to: part.setting(path.dropFirst(), to: value))
    return result
  }
}
