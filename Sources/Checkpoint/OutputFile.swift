internal import Glibc

/// A file that can be written at any offset.
final class OutputFile {
  /// What must be at the path before.
  enum Opening {
    /// Nothing.
    case new
    /// Nothing, or a file that is to be replaced.
    case replacing
    /// A file whose contents stay.
    case existing

    fileprivate var flags: Int32 {
      switch self {
      case .new: O_CREAT | O_EXCL
      case .replacing: O_CREAT | O_TRUNC
      case .existing: 0
      }
    }
  }

  let path: String
  private let descriptor: Int32

  /// Opens the file.
  init(path: String, _ opening: Opening) throws(CheckpointError) {
    self.path = path
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | opening.flags
    descriptor = unsafe open(path, flags, 0o644)
    guard descriptor >= 0 else {
      let doing = opening == .existing ? "opening" : "creating"
      throw .system(path: path, doing: doing, code: errno)
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Gives the file this length.
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

  /// Waits until the disk has everything that was written.
  func sync() throws(CheckpointError) {
    guard fsync(descriptor) == 0 else { throw .system(path: path, doing: "syncing", code: errno) }
  }
}
