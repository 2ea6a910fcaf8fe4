/// Reads the parts of a GGUF file in front of the elements, and trusts no number that stands there.
struct GGUFReader {
  private let file: MappedFile
  private var position = 0

  init(_ file: MappedFile) { self.file = file }

  /// Arrays inside of arrays may go no deeper than this.
  private static let deepest = 4
  /// ggml has no tensors of more axes.
  private static let mostAxes = 4

  /// The numbers of tensors and of metadata pairs.
  mutating func header() throws(CheckpointError) -> (tensors: Int, pairs: Int) {
    guard file.byteCount >= 24, try bytes(4) == Array("GGUF".utf8) else {
      throw damaged("does not begin as a GGUF file does")
    }
    let version: UInt32 = try integer()
    guard version == 2 || version == 3 else {
      throw damaged(
        "is of version \(version); versions 2 and 3 of little-endian machines are read")
    }
    let tensors: UInt64 = try integer()
    let pairs: UInt64 = try integer()
    // Each takes at least so many bytes.
    guard tensors <= file.byteCount / 24, pairs <= file.byteCount / 13 else {
      throw damaged("claims \(tensors) tensors and \(pairs) pairs of metadata in \(size)")
    }
    return (Int(tensors), Int(pairs))
  }

  /// The pairs, and the place of each key.
  mutating func metadata(
    _ count: Int
  ) throws(CheckpointError) -> ([(key: String, value: GGUFValue)], [String: Int]) {
    var pairs: [(key: String, value: GGUFValue)] = []
    var places: [String: Int] = [:]
    for i in 0..<count {
      let key = try name("a key")
      guard places.updateValue(i, forKey: key) == nil else { throw damaged("has \(key) twice") }
      pairs.append((key, try value(try kind(of: key), key, depth: 0)))
    }
    return (pairs, places)
  }

  /// The tensors, whose elements must lie in the file without overlaps.
  mutating func entries(
    _ count: Int, alignment: Int
  ) throws(CheckpointError) -> [GGUFFile.Entry] {
    var found: [(name: String, GGUFType, dimensions: [Int], offset: UInt64, byteCount: Int)] = []
    var names: Set<String> = []
    for _ in 0..<count {
      let name = try name("the name of a tensor")
      guard names.insert(name).inserted else { throw damaged("has the tensor \(name) twice") }
      let dimensions = try dimensions(of: name)
      let number: UInt32 = try integer()
      guard let type = GGUFType(rawValue: number) else {
        throw .tensor(
          name: name, path: file.path,
          reason: "is of type \(number) of ggml; the types that are read are "
            + GGUFType.allCases.map(\.name).joined(separator: ", "))
      }
      found.append((name, type, dimensions, try integer(), try byteCount(name, type, dimensions)))
    }
    let start = (position + alignment - 1) / alignment * alignment
    var entries: [GGUFFile.Entry] = []
    for (name, type, dimensions, offset, byteCount) in found {
      guard offset % UInt64(alignment) == 0, offset <= UInt64(file.byteCount),
        byteCount <= file.byteCount - start - Int(offset)
      else {
        throw .tensor(
          name: name, path: file.path,
          reason:
            "\(byteCount) bytes at \(offset) behind byte \(start) do not fit into \(size); the file may "
            + "be truncated, fetch it again")
      }
      let first = start + Int(offset)
      entries.append(
        GGUFFile.Entry(
          name: name, type: type, dimensions: dimensions, range: first..<first + byteCount))
    }
    try checkOverlaps(entries)
    return entries
  }

  private func checkOverlaps(_ entries: [GGUFFile.Entry]) throws(CheckpointError) {
    let sorted = entries.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (a, b) in zip(sorted, sorted.dropFirst()) where a.range.upperBound > b.range.lowerBound {
      throw .tensor(name: b.name, path: file.path, reason: "lies over \(a.name)")
    }
  }

  private mutating func dimensions(of name: String) throws(CheckpointError) -> [Int] {
    let axes: UInt32 = try integer()
    guard axes >= 1, axes <= Self.mostAxes else {
      throw .tensor(name: name, path: file.path, reason: "has \(axes) axes, not 1 to 4")
    }
    var lengths: [Int] = []
    for _ in 0..<axes {
      let length: UInt64 = try integer()
      guard length >= 1, length <= UInt64(Int32.max) else {
        throw .tensor(name: name, path: file.path, reason: "has an axis of length \(length)")
      }
      lengths.append(Int(length))
    }
    return lengths.reversed()
  }

  private func byteCount(
    _ name: String, _ type: GGUFType, _ dimensions: [Int]
  ) throws(CheckpointError) -> Int {
    var count = type.byteCount(ofRow: dimensions.last ?? 1)
    for length in dimensions.dropLast() {
      count = count.flatMap { count in
        let (product, overflow) = count.multipliedReportingOverflow(by: length)
        return overflow ? nil : product
      }
    }
    if let count { return count }
    throw .tensor(
      name: name, path: file.path,
      reason: "\(type.name) of shape \(dimensions): rows must be whole blocks of "
        + "\(type.blockLength)")
  }
}

extension GGUFReader {
  private var size: String { "a file of \(file.byteCount) bytes" }

  private func damaged(_ reason: String) -> CheckpointError {
    .gguf(path: file.path, reason: reason)
  }

  private mutating func bytes(_ count: Int) throws(CheckpointError) -> [UInt8] {
    guard count <= file.byteCount - position else {
      throw damaged("ends where \(count) more bytes are needed at \(position); fetch it again")
    }
    defer { position += count }
    return file.copy(position..<position + count)
  }

  private mutating func integer<Value: FixedWidthInteger>() throws(CheckpointError) -> Value {
    try bytes(Value.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
  }

  private mutating func string() throws(CheckpointError) -> [UInt8] {
    let length: UInt64 = try integer()
    guard length <= UInt64(file.byteCount - position) else {
      throw damaged("claims a string of \(length) bytes at \(position) of \(size)")
    }
    return try bytes(Int(length))
  }

  /// A string that must be short text.
  private mutating func name(_ what: String) throws(CheckpointError) -> String {
    let start = position
    let bytes = try string()
    guard !bytes.isEmpty, bytes.count <= 1 << 16,
      let text = String(validating: bytes, as: UTF8.self)
    else { throw damaged("\(what) at \(start) is empty, too long or no text") }
    return text
  }

  private mutating func kind(of key: String) throws(CheckpointError) -> GGUFValue.Kind {
    let number: UInt32 = try integer()
    guard let kind = GGUFValue.Kind(rawValue: number) else {
      throw damaged("\(key) is of the unknown kind \(number)")
    }
    return kind
  }

  private mutating func value(
    _ kind: GGUFValue.Kind, _ key: String, depth: Int
  ) throws(CheckpointError) -> GGUFValue {
    switch kind {
    case .uint8: return .uint8(try integer())
    case .int8: return .int8(try integer())
    case .uint16: return .uint16(try integer())
    case .int16: return .int16(try integer())
    case .uint32: return .uint32(try integer())
    case .int32: return .int32(try integer())
    case .float32: return .float32(Float(bitPattern: try integer()))
    case .bool: return .bool(try bytes(1) != [0])
    case .string: return .bytes(try string())
    case .uint64: return .uint64(try integer())
    case .int64: return .int64(try integer())
    case .float64: return .float64(Double(bitPattern: try integer()))
    case .array:
      let kind = try self.kind(of: key)
      let count: UInt64 = try integer()
      guard depth < Self.deepest,
        count <= UInt64((file.byteCount - position) / kind.leastByteCount)
      else { throw damaged("\(key) claims an array of \(count) elements in \(size)") }
      var values: [GGUFValue] = []
      values.reserveCapacity(Int(count))
      for _ in 0..<count { values.append(try value(kind, key, depth: depth + 1)) }
      return .array(kind, values)
    }
  }
}
