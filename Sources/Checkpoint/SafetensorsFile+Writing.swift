internal import Glibc

extension SafetensorsFile {
  /// Writes a file of given tensors; until it is whole nothing stands at the path.
  ///
  /// - Throws: ``CheckpointError`` when something stands there already, or it cannot be written.
  public static func write(
    _ tensors: [(NamedShape, [UInt8])], to path: String
  ) throws(CheckpointError) {
    try FolderWriter.checkIsFree(path)
    let partial = "\(path).partial-\(getpid())"
    // What an earlier process with this number left behind.
    unsafe unlink(partial)
    defer { unsafe unlink(partial) }
    let file = try ShardFile(path: partial, tensors.map(\.0))
    for (shape, bytes) in tensors {
      // Safety: a byte has no padding whose bits would be unknown.
      try unsafe file.write(shape.name, bytes.span.bytes)
    }
    try file.finish()
    guard unsafe rename(partial, path) == 0 else {
      throw .system(path: path, doing: "moving the finished file", code: errno)
    }
  }
}
