internal import JSON

/// The first bytes of a safetensors file that is to be written, and the places of its tensors.
struct SafetensorsHeader {
  /// The length of the header and the header.
  let bytes: [UInt8]
  /// Where the elements of each tensor are in the file.
  let ranges: [String: Range<Int>]
  /// The length of the file.
  let end: Int

  /// Lays out tensors: those with wider elements first, then by name, so that each is aligned.
  ///
  /// - Throws: ``CheckpointError`` if a tensor is larger than any file.
  init(
    _ tensors: [NamedShape], metadata: [String: String], path: String
  ) throws(CheckpointError) {
    var (header, end) = (JSONObject(), 0)
    var ranges: [String: Range<Int>] = [:]
    var strings = JSONObject()
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { strings[key] = .string(value) }
    header["__metadata__"] = .object(strings)
    let ordered = tensors.sorted {
      ($1.shape.type.byteCount, $0.name) < ($0.shape.type.byteCount, $1.name)
    }
    for tensor in ordered {
      guard let count = tensor.shape.byteCount, count < Int.max / 2 - end else {
        throw .tensor(name: tensor.name, path: path, reason: "is too large")
      }
      header[tensor.name] = [
        "dtype": .string(tensor.shape.type.rawValue), "shape": .integers(tensor.shape.dimensions),
        "data_offsets": .integers([end, end + count]),
      ]
      ranges[tensor.name] = end..<end + count
      end += count
    }
    var text = JSONValue.object(header).bytes(.compact)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    let start = 8 + text.count
    bytes = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    self.ranges = ranges.mapValues { start + $0.lowerBound..<start + $0.upperBound }
    self.end = start + end
  }
}

extension JSONValue {
  /// An array of integers.
  fileprivate static func integers(_ values: [Int]) -> JSONValue {
    .array(values.map { .number(JSONNumber($0)) })
  }
}
