internal import JSON

/// A safetensors file whose header is written first, and whose tensors then come in any order.
///
/// The lengths of all tensors are known before any is computed, so nothing has to be kept until
/// the end: a file of any size takes the memory of one tensor.
final class ShardFile {
  private let file: OutputFile
  private var pending: [String: Range<Int>] = [:]

  /// Creates the file with its header.
  ///
  /// Tensors of wider elements come first, then by name, so that every one is aligned.
  init(path: String, _ shapes: [NamedShape]) throws(CheckpointError) {
    file = try OutputFile(path: path)
    var header = JSONObject()
    header["__metadata__"] = ["format": "pt"]
    var end = 0
    let ordered = shapes.sorted {
      ($1.shape.type.byteCount, $0.name) < ($0.shape.type.byteCount, $1.name)
    }
    for tensor in ordered {
      guard let count = tensor.shape.byteCount else {
        throw .tensor(name: tensor.name, path: path, reason: "is too large")
      }
      header[tensor.name] = [
        "dtype": .string(tensor.shape.type.rawValue), "shape": .integers(tensor.shape.dimensions),
        "data_offsets": .integers([end, end + count]),
      ]
      pending[tensor.name] = end..<end + count
      end += count
    }
    var bytes = JSONValue.object(header).bytes(.compact)
    bytes += [UInt8](repeating: UInt8(ascii: " "), count: (8 - bytes.count % 8) % 8)
    let start = 8 + bytes.count
    pending = pending.mapValues { start + $0.lowerBound..<start + $0.upperBound }
    bytes = littleEndian([UInt64(bytes.count)]) + bytes
    try file.extend(to: start + end)
    // Safety: a byte has no padding whose bits would be unknown.
    try unsafe file.write(bytes.span.bytes, at: 0)
  }

  /// Writes the elements of a tensor of the header, once.
  func write(_ name: String, _ bytes: RawSpan) throws(CheckpointError) {
    guard let range = pending.removeValue(forKey: name) else {
      preconditionFailure("\(name) is not pending in \(file.path)")
    }
    precondition(range.count == bytes.byteCount, "\(name): \(bytes.byteCount) of \(range.count)")
    try file.write(bytes, at: range.lowerBound)
  }

  /// Checks that every tensor came, and waits until the disk has them.
  func finish() throws(CheckpointError) {
    precondition(pending.isEmpty, "\(file.path) lacks \(pending.keys.sorted())")
    try file.sync()
  }
}

extension JSONValue {
  /// An array of integers.
  fileprivate static func integers(_ values: [Int]) -> JSONValue {
    .array(values.map { .number(JSONNumber($0)) })
  }
}
