internal import Glibc
package import LinearAlgebra

extension SafetensorsFile {
  /// Writes a file of given tensors; until it is complete nothing exists at the path.
  ///
  /// - Parameters:
  ///   - tensors: the tensors with their bytes, little-endian and row by row.
  ///   - metadata: the strings of the header's `__metadata__`.
  ///   - path: where the file will be.
  /// - Throws: ``CheckpointError`` if something exists at the path, or the file cannot be written.
  public static func write(
    _ tensors: [(NamedShape, [UInt8])], metadata: [String: String] = ["format": "pt"],
    to path: String
  ) throws(CheckpointError) {
    try write(tensors.map(\.0), metadata: metadata, to: path) { file throws(CheckpointError) in
      for (shape, bytes) in tensors {
        // Safety: bytes have no padding.
        try unsafe file.write(shape.name, bytes.span.bytes)
      }
    }
  }

  /// Writes a file of matrices that come one after the other, without a copy of them.
  ///
  /// - Parameters:
  ///   - shapes: their names and shapes.
  ///   - path: where the file will be.
  ///   - produce: passes each of them on with its name.
  /// - Throws: ``CheckpointError`` if something exists at the path, or the file cannot be written; what `produce` throws.
  package static func write(
    _ shapes: [NamedShape], to path: String,
    _ produce: ((String, Matrix) throws(CheckpointError) -> Void) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try write(shapes, metadata: [:], to: path) { file throws(CheckpointError) in
      try produce { name, matrix throws(CheckpointError) in
        // Safety: floats have no padding.
        try unsafe file.write(name, matrix.elements.span.bytes)
      }
    }
  }

  private static func write(
    _ shapes: [NamedShape], metadata: [String: String], to path: String,
    _ body: (ShardFile) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try FolderSink.checkIsFree(path)
    // A name that no other writer takes, in this process or in any other.
    let number = UInt64.random(in: .min ... .max)
    let partial = "\(path).partial-\(String(number, radix: 16))"
    defer { unsafe unlink(partial) }
    let file = try ShardFile(path: partial, shapes, metadata: metadata)
    try body(file)
    try file.finish()
    try FolderSink.checkIsFree(path)
    guard unsafe rename(partial, path) == 0 else {
      throw .system(path: path, doing: "moving the finished file", code: errno)
    }
  }
}
