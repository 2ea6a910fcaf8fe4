import Foundation
import JSON

@testable import Checkpoint

/// Files that describe a folder of others.
let folderReaders = [
  Reader("index") { bytes in
    let tensors = [NamedShape("a", .float32, [1]), NamedShape("b", .int8, [3])]
    for tensor in tensors {
      let path = Scratch.path("index/\(tensor.name).safetensors")
      if FileManager.default.fileExists(atPath: path) { continue }
      _ = Scratch.write("index/config.json", Array("{}".utf8))
      let elements = [UInt8](repeating: 0, count: tensor.shape.byteCount ?? 0)
      try SafetensorsFile.write([(tensor, elements)], to: path)
    }
    _ = Scratch.write("index/\(ModelFolder.indexName)", bytes)
    let folder = try ModelFolder(path: Scratch.path("index"))
    for tensor in folder.tensors { tensor.withBytes { expect($0.byteCount > 0, "no bytes") } }
  },
  Reader("manifest") { bytes in
    _ = Scratch.write("manifest/config.json", Array("{}".utf8))
    _ = Scratch.write("manifest/\(Manifest.fileName)", bytes)
    let folder = Scratch.path("manifest")
    guard let manifest = try Manifest(in: folder) else { fatalError("there is a manifest") }
    let findings = try manifest.findings(in: folder)
    expect(findings.allSatisfy { !$0.isEmpty }, "a finding without words")
    // What would be written of it says the same.
    _ = Scratch.write("manifest/\(Manifest.fileName)", manifest.bytes)
    let again = try Manifest(in: folder)
    expect(
      again?.files == manifest.files && again?.made == manifest.made, "another manifest is written")
  },
  // The names that an interrupted run recorded.
  Reader("written") { bytes in
    let record = try WrittenRecord(reopening: Scratch.write("written", bytes))
    let names = record.names
    try record.append(["a"])
    let again = try WrittenRecord(reopening: Scratch.path("written"))
    expect(again.names == names.union(["a"]), "other names are recorded")
  },
]
