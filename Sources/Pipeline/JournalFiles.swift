package import Checkpoint
internal import Foundation
package import JSON
package import LinearAlgebra

/// The files by which work that goes block by block can be continued.
///
///     journal.json          what is known of the finished blocks
///     states-N.safetensors  the hidden states behind block N, exactly as they were
///
/// The journal names the states that belong to it and replaces its predecessor in one step, so at every
/// instant there is a whole one.
package enum JournalFiles {
  private static let fileName = "journal.json"

  private static func states(_ blocks: Int) -> String { "states-\(blocks).safetensors" }

  /// Reads the journal in a folder; nil if there is none.
  ///
  /// - Throws: ``CheckpointError`` if it is damaged.
  package static func read<Contents>(
    _ folder: String, _ decode: (JSONField) throws(JSONError) -> Contents
  ) throws(CheckpointError) -> Contents? {
    let path = "\(folder)/\(fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try MappedFile(path: path)
    do throws(JSONError) {
      return try decode(JSONValue(parsing: file.copy(0..<file.byteCount)).field)
    } catch {
      throw .json(path: path, cause: error)
    }
  }

  /// Writes a journal with the hidden states behind its blocks, in place of an earlier one.
  ///
  /// - Parameters:
  ///   - journal: what is known of the finished blocks.
  ///   - hidden: the states; none where no further block needs them.
  ///   - blocks: the number of finished blocks, more than those of the earlier journal if there are states.
  ///   - folder: where the files are.
  /// - Throws: ``CheckpointError`` if they cannot be written; then the earlier journal is whole.
  package static func write(
    _ journal: JSONValue, _ hidden: [(name: String, matrix: Matrix)], behind blocks: Int,
    to folder: String
  ) throws(CheckpointError) {
    if !hidden.isEmpty {
      let count = hidden.reduce(0) { $0 + $1.matrix.elements.count }
      try DiskRoom.check(for: count * MemoryLayout<Float>.size, in: folder)
      let states = "\(folder)/\(states(blocks))"
      try? FileManager.default.removeItem(atPath: states)
      try SafetensorsFile.write(hidden, to: states)
    }
    try SmallFile.replace("\(folder)/\(fileName)", with: journal.bytes(.pretty))
    let kept = hidden.isEmpty ? [fileName] : [fileName, Self.states(blocks)]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where !kept.contains(name) {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  /// The hidden states of some windows behind the finished blocks.
  ///
  /// - Parameters:
  ///   - name: what the windows were stored as: NAME.0, NAME.1, and so on.
  ///   - blocks: the number of finished blocks.
  ///   - folder: where the journal is.
  ///   - embeddings: states of the same windows, for their sizes.
  /// - Returns: the states of each window.
  /// - Throws: ``CheckpointError`` if they are not those of such windows.
  package static func windows(
    _ name: String, behind blocks: Int, in folder: String, like embeddings: [Matrix]
  ) throws(CheckpointError) -> [Matrix] {
    let path = "\(folder)/\(states(blocks))"
    let file = try SafetensorsFile(path: path)
    var result: [Matrix] = []
    for (i, embedding) in embeddings.enumerated() {
      let (rows, columns) = (embedding.rows, embedding.columns)
      guard let elements = file.floats("\(name).\(i)"), elements.count == rows * columns else {
        throw .missing(
          path: path, needed: "the hidden states \(name).\(i) of \(rows) x \(columns) numbers")
      }
      result.append(Matrix(rows: rows, columns: columns, elements: elements))
    }
    return result
  }

  /// Windows under the names by which ``windows(_:behind:in:like:)`` finds them.
  package static func named(
    _ name: String, _ windows: [Matrix]
  ) -> [(name: String, matrix: Matrix)] {
    windows.enumerated().map { ("\(name).\($0)", $1) }
  }
}
