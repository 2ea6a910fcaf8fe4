internal import Glibc

/// A new file, written at any offset.
final class OutputFile {
  let path: String
  private let descriptor: Int32

  /// Creates the file, which must not exist.
  init(path: String) throws(CheckpointError) {
    self.path = path
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .system(path: path, doing: "creating", code: errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Gives the file its length.
  func extend(to count: Int) throws(CheckpointError) {
    guard ftruncate(descriptor, count) == 0 else {
      throw .system(path: path, doing: "extending it to \(count) bytes", code: errno)
    }
  }

  /// Writes bytes at an offset.
  func write(_ bytes: RawSpan, at offset: Int) throws(CheckpointError) {
    var done = 0
    while done < bytes.byteCount {
      // Safety: the pointer is used within the closure, for no more bytes than the span has.
      let count = unsafe bytes.extracting(done..<bytes.byteCount).withUnsafeBytes {
        unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset + done)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .system(path: path, doing: "writing", code: errno) }
      done += count
    }
  }

  /// Waits until the disk has all that was written.
  func sync() throws(CheckpointError) {
    guard fsync(descriptor) == 0 else { throw .system(path: path, doing: "syncing", code: errno) }
  }
}
