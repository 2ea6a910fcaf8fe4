import Foundation

/// A folder in memory for the files that readers take by their paths.
///
/// Each process has its own, and Tools/fuzz removes it.
enum Scratch {
  private static let folder: String = {
    let parent = ProcessInfo.processInfo.environment["PTQ_FUZZ_SCRATCH"] ?? NSTemporaryDirectory()
    let path = "\(parent)/\(ProcessInfo.processInfo.processIdentifier)"
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true)
    } catch {
      fatalError("no folder for files: \(error)")
    }
    return path
  }()

  /// The path of a file in the folder.
  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// The path of a file that does not exist, in a folder that does.
  static func free(_ name: String) -> String {
    let path = write(name, [])
    unsafe unlink(path)
    return path
  }

  /// Writes a file, and returns its path.
  static func write(_ name: String, _ bytes: [UInt8]) -> String {
    let path = path(name)
    if let file = unsafe fopen(path, "w") ?? opened(path) {
      // Safety: the file writes no more bytes than the array has.
      let written = unsafe fwrite(bytes, 1, bytes.count, file)
      unsafe fclose(file)
      if written == bytes.count { return path }
    }
    fatalError("cannot write \(path)")
  }

  /// The file after its folder was made.
  private static func opened(_ path: String) -> UnsafeMutablePointer<FILE>? {
    let above = URL(fileURLWithPath: path).deletingLastPathComponent()
    try? FileManager.default.createDirectory(at: above, withIntermediateDirectories: true)
    return unsafe fopen(path, "w")
  }
}

extension [UInt8] {
  /// The parts of an input between bytes FF, which no UTF-8 text has; the last part takes the rest.
  func parts(_ count: Int) -> [[UInt8]] {
    let parts = split(separator: 0xFF, maxSplits: count - 1, omittingEmptySubsequences: false)
    return (0..<count).map { $0 < parts.count ? [UInt8](parts[$0]) : [] }
  }
}
