internal import Foundation
internal import Glibc
internal import JSON

// Which tensors there will be is known before any is computed, and stands in the headers of the files. Where
// the unexpected happens to a Linear, a tensor takes the place of others. It waits in a file of its own, and
// `finish()` writes the shard once more.

extension FolderSink {
  /// Stores a tensor in place of others, which may have been written or not.
  ///
  /// - Precondition: the others were announced, and are in one shard.
  public func write(
    _ tensor: NamedShape, _ bytes: RawSpan, insteadOf others: [String]
  ) throws(CheckpointError) {
    try partial.makeFolder(Replacement.folderName)
    let path = partial.file("\(Replacement.folderName)/\(tensor.name).safetensors")
    try? FileManager.default.removeItem(atPath: path)
    // Safety: the bytes are copied at once.
    let copy = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    let names = JSONValue.array(others.map { .string($0) }).text(.compact)
    try SafetensorsFile.write(
      [(tensor, copy)], metadata: [Replacement.key: names], to: path)
  }
}

/// A tensor that takes the place of others.
struct Replacement {
  static let folderName = ".replaced"
  fileprivate static let key = "instead_of"

  let tensor: NamedShape
  let others: Set<String>
  private let file: SafetensorsFile

  /// All that wait in a partial folder.
  static func all(in partial: PartialFolder) throws(CheckpointError) -> [Replacement] {
    let folder = partial.file(folderName)
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw .system(path: folder, doing: "listing", code: errno)
    }
    var result: [Replacement] = []
    // Others are files that were not finished.
    for name in names.sorted() where name.hasSuffix(".safetensors") {
      result.append(try Replacement("\(folder)/\(name)"))
    }
    return result
  }

  private init(_ path: String) throws(CheckpointError) {
    file = try SafetensorsFile(path: path)
    guard let entry = file.entries.first,
      let names = try? JSONValue(parsing: Array((file.metadata[Self.key] ?? "").utf8)).field.array
    else { throw .missing(path: path, needed: "a tensor, and the names of those that it replaces") }
    tensor = NamedShape(entry)
    others = Set(names.compactMap { try? $0.string })
  }

  /// Writes the tensor to its place.
  fileprivate func write(to shard: ShardFile) throws(CheckpointError) {
    for entry in file.entries.prefix(1) { try shard.write(entry, of: file) }
  }
}

extension FolderSink {
  /// Writes the shards with replaced tensors once more, and the index.
  func replaceTensors() throws(CheckpointError) {
    let replacements = try Replacement.all(in: partial)
    guard !replacements.isEmpty else { return }
    var shards = plan.shards
    for i in shards.indices {
      let own = replacements.filter { one in
        shards[i].tensors.contains { one.others.contains($0.name) }
      }
      if !own.isEmpty { shards[i].tensors = try rewriteShard(i, own) }
    }
    if let index = ShardPlan(shards).index {
      try Self.write(partial.file(ModelFolder.indexName), index)
    }
    partial.remove(Replacement.folderName)
  }

  /// Writes a shard with other tensors in place of some; the tensors that it has now.
  private func rewriteShard(
    _ index: Int, _ replacements: [Replacement]
  ) throws(CheckpointError) -> [NamedShape] {
    let path = partial.file(plan.shards[index].name)
    var tensors: [NamedShape] = []
    for tensor in plan.shards[index].tensors {
      let new = replacements.first { $0.others.contains(tensor.name) }?.tensor ?? tensor
      if !tensors.contains(new) { tensors.append(new) }
    }
    let names = Set(tensors.map(\.name))
    let old = try SafetensorsFile(path: path)
    let rewritten = "\(path).rewritten"
    try? FileManager.default.removeItem(atPath: rewritten)
    let shard = try ShardFile(path: rewritten, tensors)
    // What takes the place of others may have the name of one.
    let kept = names.subtracting(replacements.map(\.tensor.name))
    for entry in old.entries where kept.contains(entry.name) { try shard.write(entry, of: old) }
    for replacement in replacements { try replacement.write(to: shard) }
    try shard.finish()
    guard unsafe rename(rewritten, path) == 0 else {
      throw .system(path: path, doing: "replacing", code: errno)
    }
    return tensors
  }
}

extension ShardFile {
  /// Copies a tensor from another file.
  fileprivate func write(
    _ entry: SafetensorsFile.Entry, of file: SafetensorsFile
  ) throws(CheckpointError) {
    try file.file.withBytes(entry.range) { bytes throws(CheckpointError) in
      try write(entry.name, bytes)
    }
  }
}

extension NamedShape {
  fileprivate init(_ entry: SafetensorsFile.Entry) {
    self.init(entry.name, entry.shape.type, entry.shape.dimensions)
  }
}
