internal import Glibc

/// Small files that are replaced as a whole.
package enum SmallFile {
  /// Puts a file in the place of another one in one step, after the disk has it.
  ///
  /// - Throws: ``CheckpointError``; in that case the old file is as it was.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(CheckpointError) {
    let new = "\(path).new"
    let file = try OutputFile(path: new, .replacing)
    // Safety: bytes have no padding.
    try unsafe file.write(bytes.span.bytes, at: 0)
    try file.sync()
    guard unsafe rename(new, path) == 0 else {
      throw .system(path: path, doing: "replacing", code: errno)
    }
    let above = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let folder = unsafe open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }
}
