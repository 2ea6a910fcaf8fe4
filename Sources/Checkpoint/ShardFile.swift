internal import Glibc
internal import JSON

/// A safetensors file whose header is written first, and whose tensors then come in any order.
///
/// The lengths of all tensors are known before any is computed, so nothing has to be kept until
/// the end: a file of any size takes the memory of one tensor.
final class ShardFile {
  let path: String
  private let descriptor: Int32
  private var pending: [String: Range<Int>] = [:]

  /// Creates the file with its header.
  ///
  /// Tensors of wider elements come first, then by name, so that every one is aligned.
  init(path: String, _ shapes: [NamedShape]) throws(CheckpointError) {
    self.path = path
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .system(path: path, doing: "creating", code: errno) }
    var header: JSONValue = ["__metadata__": ["format": "pt"]]
    var end = 0
    let ordered = shapes.sorted {
      ($1.shape.type.byteCount, $0.name) < ($0.shape.type.byteCount, $1.name)
    }
    for tensor in ordered {
      guard let count = tensor.shape.byteCount else {
        throw .tensor(name: tensor.name, path: path, reason: "is too large")
      }
      header = header.replacing(
        tensor.name,
        [
          "dtype": .string(tensor.shape.type.rawValue), "shape": .integers(tensor.shape.dimensions),
          "data_offsets": .integers([end, end + count]),
        ])
      pending[tensor.name] = end..<end + count
      end += count
    }
    var bytes = header.bytes(.compact)
    bytes += [UInt8](repeating: UInt8(ascii: " "), count: (8 - bytes.count % 8) % 8)
    let start = 8 + bytes.count
    pending = pending.mapValues { start + $0.lowerBound..<start + $0.upperBound }
    bytes = littleEndian([UInt64(bytes.count)]) + bytes
    // Safety: a byte has no padding whose bits would be unknown.
    try unsafe write(bytes.span.bytes, at: 0)
    guard ftruncate(descriptor, start + end) == 0 else {
      throw .system(path: path, doing: "reserving \(start + end) bytes", code: errno)
    }
  }

  deinit { close(descriptor) }

  /// Writes the elements of a tensor of the header, once.
  func write(_ name: String, _ bytes: RawSpan) throws(CheckpointError) {
    guard let range = pending.removeValue(forKey: name) else {
      preconditionFailure("\(name) is not pending in \(path)")
    }
    precondition(range.count == bytes.byteCount, "\(name): \(bytes.byteCount) of \(range.count)")
    try write(bytes, at: range.lowerBound)
  }

  /// Checks that every tensor came, and waits until the disk has them.
  func finish() throws(CheckpointError) {
    precondition(pending.isEmpty, "\(path) lacks \(pending.keys.sorted())")
    guard fsync(descriptor) == 0 else { throw .system(path: path, doing: "syncing", code: errno) }
  }

  private func write(_ bytes: RawSpan, at offset: Int) throws(CheckpointError) {
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
}

extension JSONValue {
  /// An array of integers.
  fileprivate static func integers(_ values: [Int]) -> JSONValue {
    .array(values.map { .number(JSONNumber($0)) })
  }
}
