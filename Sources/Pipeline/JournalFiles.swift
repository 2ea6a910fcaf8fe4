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

  fileprivate static func states(_ blocks: Int) -> String { "states-\(blocks).safetensors" }

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
  ///   - streams: the states under the names by which ``window(_:_:rows:columns:)`` finds them; none where no further
  ///     block needs them.
  ///   - blocks: the number of finished blocks, more than those of the earlier journal if there are states.
  ///   - folder: where the files are.
  /// - Throws: ``CheckpointError`` if they cannot be written; then the earlier journal is whole.
  package static func write(
    _ journal: JSONValue, _ streams: [(name: String, stream: Stream)], behind blocks: Int,
    to folder: String
  ) throws(CheckpointError) {
    let shapes = streams.flatMap { name, stream in
      stream.shapes.enumerated().map {
        NamedShape("\(name).\($0)", .float32, [$1.rows, $1.columns])
      }
    }
    if !shapes.isEmpty {
      try DiskRoom.check(for: shapes.reduce(0) { $0 + ($1.shape.byteCount ?? 0) }, in: folder)
      let states = "\(folder)/\(states(blocks))"
      try? FileManager.default.removeItem(atPath: states)
      try SafetensorsFile.write(shapes, to: states) { write throws(CheckpointError) in
        for (name, stream) in streams {
          try stream.forEachWindow { window, matrix throws(CheckpointError) in
            try write("\(name).\(window)", matrix)
          }
        }
      }
    }
    try SmallFile.replace("\(folder)/\(fileName)", with: journal.bytes(.pretty))
    let kept = shapes.isEmpty ? [fileName] : [fileName, Self.states(blocks)]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where !kept.contains(name) {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }
}

/// The hidden states that a journal has kept.
package struct KeptStates: Sendable {
  private let path: String
  private let file: SafetensorsFile

  /// Those behind the finished blocks, of which there are so many, in the folder of the journal.
  ///
  /// - Throws: ``CheckpointError`` if they are gone or damaged.
  package init(behind blocks: Int, in folder: String) throws(CheckpointError) {
    path = "\(folder)/\(JournalFiles.states(blocks))"
    file = try SafetensorsFile(path: path)
  }

  /// The states of a window, exactly as they were.
  ///
  /// - Throws: ``CheckpointError`` if there are none of this shape.
  package func window(
    _ name: String, _ index: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> Matrix {
    guard let elements = file.floats("\(name).\(index)"), elements.count == rows * columns else {
      throw .missing(
        path: path, needed: "the hidden states \(name).\(index) of \(rows) x \(columns) numbers")
    }
    return Matrix(rows: rows, columns: columns, elements: elements)
  }
}
