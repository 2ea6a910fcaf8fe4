/// A safetensors file whose header is written first, and whose tensors then arrive in any order.
///
/// The lengths of all tensors are known before any of them is computed, so a file of any size takes
/// no more memory than one tensor.
final class ShardFile {
  private let file: OutputFile
  private var pending: [String: Range<Int>]

  /// Creates the file with its header.
  init(
    path: String, _ tensors: [NamedShape], metadata: [String: String] = ["format": "pt"]
  ) throws(CheckpointError) {
    let header = try SafetensorsHeader(tensors, metadata: metadata, path: path)
    file = try OutputFile(path: path, .new)
    pending = header.ranges
    try file.extend(to: header.end)
    // Safety: bytes have no padding.
    try unsafe file.write(header.bytes.span.bytes, at: 0)
    try file.sync()
  }

  /// Opens a file that an earlier run created for the same tensors.
  ///
  /// - Throws: ``CheckpointError`` if it was created for others.
  init(
    reopening path: String, _ tensors: [NamedShape], written: Set<String>
  ) throws(CheckpointError) {
    let header = try SafetensorsHeader(tensors, metadata: ["format": "pt"], path: path)
    file = try OutputFile(path: path, .existing)
    let found = try MappedFile(path: path)
    guard found.byteCount == header.end, found.copy(0..<header.bytes.count) == header.bytes else {
      throw .differentPlan(path: path)
    }
    pending = header.ranges.filter { !written.contains($0.key) }
  }

  /// The number of bytes that are still to be written.
  var pendingByteCount: Int { pending.values.reduce(0) { $0 + $1.count } }

  /// Whether a tensor of the header is still to be written.
  func isPending(_ name: String) -> Bool { pending[name] != nil }

  /// Writes the elements of a tensor of the header, once.
  func write(_ name: String, _ bytes: RawSpan) throws(CheckpointError) {
    guard let range = pending[name] else {
      preconditionFailure("\(name) is not pending in \(file.path)")
    }
    precondition(range.count == bytes.byteCount, "\(name): \(bytes.byteCount) of \(range.count)")
    try file.write(bytes, at: range.lowerBound)
    pending[name] = nil
  }

  /// Waits until the disk has what was written.
  func sync() throws(CheckpointError) { try file.sync() }

  /// Checks that every tensor was written, besides some, and waits until the disk has them.
  func finish(without others: Set<String> = []) throws(CheckpointError) {
    let missing = pending.keys.filter { !others.contains($0) }
    precondition(missing.isEmpty, "\(file.path) lacks \(missing.sorted())")
    try file.sync()
  }
}
