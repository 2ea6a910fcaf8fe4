internal import Glibc
internal import JSON

/// A file in a partial folder that names the tensors which the disk is known to have.
///
/// One JSON string per line. A last line without an end is what an interrupted run left, and does not
/// count.
final class WrittenRecord {
  static let fileName = ".written"

  /// The names recorded.
  private(set) var names: Set<String> = []
  private let file: OutputFile
  private var end = 0

  /// Creates an empty record.
  init(creating path: String) throws(CheckpointError) { file = try OutputFile(path: path, .new) }

  /// Opens the record of an earlier run.
  init(reopening path: String) throws(CheckpointError) {
    let bytes = try MappedFile(path: path).contents
    file = try OutputFile(path: path, .existing)
    let newline = UInt8(ascii: "\n")
    while let next = bytes[end...].firstIndex(of: newline) {
      do throws(JSONError) {
        names.insert(try JSONValue(parsing: Array(bytes[end..<next])).field.string)
      } catch {
        throw .json(path: path, cause: error)
      }
      end = next + 1
    }
    try file.extend(to: end)
  }

  /// Adds names, and waits until the disk has them.
  func append(_ added: [String]) throws(CheckpointError) {
    let lines = added.flatMap { JSONValue.string($0).bytes(.compact) + [UInt8(ascii: "\n")] }
    // Safety: bytes have no padding.
    try unsafe file.write(lines.span.bytes, at: end)
    try file.sync()
    end += lines.count
    names.formUnion(added)
  }
}
