internal import Glibc

/// A file mapped into memory, read-only: pages are read from disk when they are first touched.
///
/// Safety: the mapping lives as long as the object, and bytes are only handed to closures. If another
/// program truncates the file while it is mapped, the kernel ends this process, as it would end any
/// program that maps files.
@safe public final class MappedFile: Sendable {
  /// The path that was opened.
  public let path: String
  /// The number of bytes.
  public let byteCount: Int
  private nonisolated(unsafe) let base: UnsafeRawPointer?

  /// Maps a file.
  ///
  /// - Throws: ``CheckpointError`` if it cannot be opened or mapped, or is not a regular file.
  public init(path: String) throws(CheckpointError) {
    // Not blocking, because a pipe without a writer would never open.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path: path, doing: "opening", code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .system(path: path, doing: "measuring", code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unsupported(path: path, reason: "not a regular file")
    }
    self.path = path
    byteCount = Int(status.st_size)
    guard byteCount > 0 else {
      unsafe base = nil
      return
    }
    let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .system(path: path, doing: "mapping", code: errno)
    }
    unsafe base = UnsafeRawPointer(address)
  }

  deinit {
    if let base = unsafe base { unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
  }

  /// Calls a closure with some of the bytes.
  ///
  /// - Precondition: the range lies within the file.
  public func withBytes<Result, Failure: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "\(range) of \(path)")
    let buffer = unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
    return try unsafe body(buffer.bytes.extracting(range))
  }

  /// A copy of all bytes.
  var contents: [UInt8] { copy(0..<byteCount) }

  /// A copy of some of the bytes.
  public func copy(_ range: Range<Int>) -> [UInt8] {
    withBytes(range) { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
  }
}
