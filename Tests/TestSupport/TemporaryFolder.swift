internal import Foundation
internal import Glibc

/// A folder of its own for a test.
package struct TemporaryFolder: Sendable {
  /// Where it is.
  package let path: String

  /// Calls a closure with an empty folder, which is gone afterwards.
  package static func with<Result>(
    _ body: (TemporaryFolder) throws -> Result
  ) throws -> Result {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("ptq-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(TemporaryFolder(path: url.path))
  }

  /// The path of something in the folder.
  package func path(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file; folders on the way are made.
  ///
  /// A file of that name is removed first, so that whoever has it mapped keeps it. Foundation would
  /// wait for the disk, thousands of times in some tests.
  package func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: path(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try? FileManager.default.removeItem(at: url)
    let descriptor = unsafe open(url.path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    defer { close(descriptor) }
    // Safety: the pointer is used within the closure, for as many bytes as the array has.
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    guard count == bytes.count else { throw CocoaError(.fileWriteUnknown) }
  }

  /// Writes a text.
  package func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  /// The bytes of a file in the folder.
  package func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// The bytes of every file of a folder in it, by name.
  package func contents(of subfolder: String) throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try names(in: subfolder) {
      contents[name] = try read("\(subfolder)/\(name)")
    }
    return contents
  }

  /// Removes a file or folder.
  package func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: path(name))
  }

  /// The names of what is in the folder or a folder in it, hidden ones too, sorted.
  package func names(in subfolder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(subfolder)).sorted()
  }
}
