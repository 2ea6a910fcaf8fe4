/// A tensor that is to stand in a GGUF file.
public struct GGUFTensor: Sendable {
  /// Its name.
  public let name: String
  /// How its elements are stored.
  public let type: GGUFType
  /// The length of each axis, outermost first.
  public let dimensions: [Int]

  /// A tensor without its elements.
  ///
  /// - Precondition: blocks fill the rows.
  public init(_ name: String, _ type: GGUFType, _ dimensions: [Int]) {
    precondition(
      type.byteCount(ofRow: dimensions.last ?? 1) != nil, "\(name): \(dimensions) of \(type.name)")
    self.name = name
    self.type = type
    self.dimensions = dimensions
  }

  /// The number of bytes of its elements.
  var byteCount: Int {
    dimensions.dropLast().reduce(type.byteCount(ofRow: dimensions.last ?? 1) ?? 0, *)
  }
}

extension GGUFFile {
  /// Writes a file, one tensor after the other.
  ///
  /// - Parameters:
  ///   - path: the file; one that is there is replaced.
  ///   - metadata: the keys, each once, with their values.
  ///   - tensors: the tensors.
  ///   - elements: makes the bytes of a tensor.
  /// - Throws: ``CheckpointError`` if the file cannot be written; what `elements` throws.
  /// - Complexity: memory for the metadata and one tensor.
  public static func write(
    _ path: String, _ metadata: [(key: String, value: GGUFValue)], _ tensors: [GGUFTensor],
    elements: (GGUFTensor) throws(CheckpointError) -> [UInt8]
  ) throws(CheckpointError) {
    let (header, offsets, end) = layout(metadata, tensors)
    let file = try OutputFile(path: path, .replacing)
    try file.extend(to: end)
    // Safety: bytes have no padding.
    try unsafe file.write(header.span.bytes, at: 0)
    for (tensor, offset) in zip(tensors, offsets) {
      let bytes = try elements(tensor)
      precondition(bytes.count == tensor.byteCount, "\(tensor.name): \(bytes.count) bytes")
      try unsafe file.write(bytes.span.bytes, at: offset)
    }
    try file.sync()
  }

  /// The SHA-256 of metadata and a list of tensors as they stand in a file.
  package static func digest(
    of metadata: [(key: String, value: GGUFValue)], _ tensors: [GGUFTensor]
  ) -> String { SHA256.digest(of: layout(metadata, tensors).header) }

  /// Everything in front of the elements, where those of each tensor begin, and the length of the file.
  static func layout(
    _ metadata: [(key: String, value: GGUFValue)], _ tensors: [GGUFTensor]
  ) -> (header: [UInt8], offsets: [Int], end: Int) {
    var header = Array("GGUF".utf8) + littleEndian(CollectionOfOne(UInt32(3)))
    header += littleEndian([UInt64(tensors.count), UInt64(metadata.count)])
    for (key, value) in metadata {
      header += GGUFValue.string(key).encoded
      header += littleEndian(CollectionOfOne(value.kind.rawValue)) + value.encoded
    }
    var (offsets, end) = ([Int](), 0)
    for tensor in tensors {
      header += GGUFValue.string(tensor.name).encoded
      header += littleEndian(CollectionOfOne(UInt32(tensor.dimensions.count)))
      header += littleEndian(tensor.dimensions.reversed().map(UInt64.init))
      header += littleEndian(CollectionOfOne(tensor.type.rawValue))
      header += littleEndian(CollectionOfOne(UInt64(end)))
      offsets.append(end)
      end += aligned(tensor.byteCount)
    }
    header += [UInt8](repeating: 0, count: aligned(header.count) - header.count)
    return (header, offsets.map { $0 + header.count }, header.count + end)
  }

  private static func aligned(_ count: Int) -> Int {
    (count + standardAlignment - 1) / standardAlignment * standardAlignment
  }
}
