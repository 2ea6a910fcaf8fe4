internal import Glibc

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
    try FolderSink.checkIsFree(path)
    // A name that no other writer takes, in this process or in any other.
    let number = UInt64.random(in: .min ... .max)
    let partial = "\(path).partial-\(String(number, radix: 16))"
    defer { unsafe unlink(partial) }
    let file = try ShardFile(path: partial, tensors.map(\.0), metadata: metadata)
    for (shape, bytes) in tensors {
      // Safety: bytes have no padding.
      try unsafe file.write(shape.name, bytes.span.bytes)
    }
    try file.finish()
    try FolderSink.checkIsFree(path)
    guard unsafe rename(partial, path) == 0 else {
      throw .system(path: path, doing: "moving the finished file", code: errno)
    }
  }
}
