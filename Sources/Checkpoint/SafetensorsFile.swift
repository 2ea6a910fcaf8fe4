// The safetensors format, as its specification has it:
//
//   8 bytes   N, the length of the header, little-endian
//   N bytes   JSON: {"name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}, …},
//             perhaps with "__metadata__": {string: string}; padded with spaces
//   the rest  the elements, little-endian, row by row; offsets count from here, and the tensors
//             cover the rest without gaps or overlaps

internal import JSON

/// A safetensors file whose header has been read and found consistent.
public struct SafetensorsFile: Sendable {
  /// One tensor of the file.
  public struct Entry: Sendable {
    /// The name of the tensor.
    public let name: String
    /// Its type and shape.
    public let shape: TensorShape
    /// Where its elements are in the file.
    let range: Range<Int>
  }

  /// The mapped file.
  public let file: MappedFile
  /// The tensors, in the order of their elements.
  public let entries: [Entry]
  /// The strings of the header's `__metadata__`; other values there are ignored.
  public let metadata: [String: String]

  /// The longest header that the format allows.
  static let longestHeader = 100_000_000

  /// Maps a file and checks its header against its length; no element is read.
  ///
  /// - Throws: ``CheckpointError`` if the file cannot be read, or is not consistent.
  public init(path: String) throws(CheckpointError) {
    file = try MappedFile(path: path)
    let header = try Self.header(of: file)
    let dataStart = 8 + header.count
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    do throws(JSONError) {
      for (name, field) in try JSONValue(parsing: header).field.members {
        if name == "__metadata__" {
          guard case .object(let object) = field.value else { continue }
          for member in object {
            if case .string(let string) = member.value { metadata[member.name] = string }
          }
        } else {
          entries.append(try Entry(name, field, dataStart: dataStart))
        }
      }
    } catch {
      throw .header(path: path, reason: "\(error)")
    }
    self.metadata = metadata
    self.entries = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound)
        < ($1.range.lowerBound, $1.range.upperBound)
    }
    try checkCover(from: dataStart)
  }

  /// Checks that the tensors cover the rest of the file without gaps or overlaps.
  private func checkCover(from start: Int) throws(CheckpointError) {
    var end = start
    for entry in entries {
      guard entry.range.lowerBound == end, entry.shape.byteCount == entry.range.count else {
        throw .tensor(
          name: entry.name, path: file.path,
          reason: "\(entry.shape.type.rawValue) of shape \(entry.shape.dimensions) cannot take "
            + "\(entry.range.count) bytes from \(entry.range.lowerBound - start), "
            + "where the tensors before it end at \(end - start)")
      }
      end = entry.range.upperBound
    }
    guard end == file.byteCount else {
      throw .header(
        path: file.path,
        reason: "the tensors end at byte \(end) of \(file.byteCount); "
          + "it may be truncated, fetch it again")
    }
  }

  /// The bytes of the header, read after its length has been checked.
  private static func header(of file: MappedFile) throws(CheckpointError) -> [UInt8] {
    guard file.byteCount >= 8 else {
      throw .header(path: file.path, reason: "\(file.byteCount) bytes are too few")
    }
    let length = file.copy(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(min(longestHeader, file.byteCount - 8)) else {
      throw .header(
        path: file.path,
        reason: "the header claims \(length) bytes of a file of \(file.byteCount); "
          + "it may be truncated, fetch it again")
    }
    let header = file.copy(8..<8 + Int(length))
    guard header.first == UInt8(ascii: "{") else {
      throw .header(path: file.path, reason: "the header does not start with {")
    }
    return header
  }
}

extension SafetensorsFile.Entry {
  /// Reads one member of the header.
  ///
  /// This only makes the offsets safe to compute with; `checkCover` checks the rest.
  fileprivate init(_ name: String, _ field: JSONField, dataStart: Int) throws(JSONError) {
    self.name = name
    let typeField = try field.member("dtype")
    guard let type = TensorType(rawValue: try typeField.string) else {
      throw .wrongKind(
        path: typeField.path, expected: "a known element type", found: try typeField.string)
    }
    shape = TensorShape(type, try field.member("shape").ints)
    let offsetField = try field.member("data_offsets")
    let offsets = try offsetField.ints
    let limit = Int.max - dataStart
    guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= limit else {
      throw .wrongKind(
        path: offsetField.path, expected: "two offsets in order", found: "\(offsets)")
    }
    range = dataStart + offsets[0]..<dataStart + offsets[1]
  }
}
