// A GGUF file, version 3, little-endian:
//
//   u32 "GGUF", u32 version, u64 number of tensors, u64 number of metadata pairs
//   each pair     string key, u32 kind, value           string: u64 length, bytes
//   each tensor   string name, u32 number of axes, u64 lengths (innermost first), u32 type, u64 offset
//   zeros up to a multiple of general.alignment (32 unless stated), then the elements, each tensor likewise
//   aligned; offsets count from the first element

/// A GGUF file whose metadata and list of tensors have been read and found consistent.
public struct GGUFFile: Sendable {
  /// One tensor of the file.
  public struct Entry: Sendable {
    /// The name of the tensor.
    public let name: String
    /// How its elements are stored.
    public let type: GGUFType
    /// The length of each axis, outermost first.
    public let dimensions: [Int]
    /// Where its elements are in the file.
    public let range: Range<Int>
  }

  /// The mapped file.
  public let file: MappedFile
  /// The metadata, in order.
  public let metadata: [(key: String, value: GGUFValue)]
  /// The tensors, in order.
  public let entries: [Entry]
  private let positions: [String: Int]

  /// The value of a key; nil where there is none.
  public subscript(key: String) -> GGUFValue? { positions[key].map { metadata[$0].value } }

  /// Whether a path leads to a file that begins as a GGUF file does.
  public static func isOne(_ path: String) -> Bool {
    guard let file = try? MappedFile(path: path), file.byteCount >= 4 else { return false }
    return file.copy(0..<4) == Array("GGUF".utf8)
  }

  /// Maps a file and checks its metadata and its list of tensors against its length; no element is read.
  ///
  /// - Throws: ``CheckpointError`` if the file cannot be read, or is not consistent.
  public init(path: String) throws(CheckpointError) {
    file = try MappedFile(path: path)
    var reader = GGUFReader(file)
    let counts = try reader.header()
    (metadata, positions) = try reader.metadata(counts.pairs)
    entries = try reader.entries(counts.tensors, alignment: Self.alignment(metadata, in: file))
  }

  private static func alignment(
    _ metadata: [(key: String, value: GGUFValue)], in file: MappedFile
  ) throws(CheckpointError) -> Int {
    guard let stated = metadata.first(where: { $0.key == alignmentKey })?.value else {
      return standardAlignment
    }
    guard let value = stated.int, value > 0, value <= 1 << 20, value & (value - 1) == 0 else {
      throw .gguf(
        path: file.path, reason: "\(alignmentKey) is \(stated), where a power of two is needed")
    }
    return value
  }

  /// The key that states the alignment of tensors.
  static let alignmentKey = "general.alignment"
  /// The alignment where nothing is stated.
  static let standardAlignment = 32
}

extension GGUFFile.Entry {
  /// The number of rows, with all outer axes taken together.
  public var rows: Int { dimensions.dropLast().reduce(1, *) }
  /// The number of elements of a row.
  public var columns: Int { dimensions.last ?? 1 }
}
