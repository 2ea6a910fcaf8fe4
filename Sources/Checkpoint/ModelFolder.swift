public import JSON
public import LinearAlgebra

/// A Hugging Face model folder: its configuration, and the tensors of all its weight files.
///
/// Opening it reads `config.json` and the headers of the weight files. Elements are mapped, and read
/// from disk when they are used.
public struct ModelFolder: Sendable {
  /// Where the folder is.
  public let path: String
  /// `config.json`.
  public let configuration: JSONValue
  /// All tensors, in the order of the files.
  public let tensors: [TensorReference]
  private let positions: [String: Int]
  /// The contents of the files beside the weights where everything is in one file; nil for a folder.
  let embedded: [String: [UInt8]]?

  /// A tensor in one of the folder's files.
  public struct TensorReference: Sendable {
    /// The name of the tensor.
    public let name: String
    /// Its type and shape.
    public let shape: TensorShape
    fileprivate let file: MappedFile
    fileprivate let range: Range<Int>
    /// Which row of the file each row is; nil where they are in order.
    fileprivate var rowOrder: [Int]?
    /// What must be taken from each number, of 32 bits, that the file has.
    fileprivate var offset: Float = 0

    /// A part of a file.
    ///
    /// - Precondition: the range lies within the file and has the bytes of the shape; the order, if any, names
    ///   each row once; where there is an offset, the numbers have 32 bits.
    package init(
      name: String, shape: TensorShape, in file: MappedFile, at range: Range<Int>,
      rowOrder: [Int]? = nil, minus offset: Float = 0
    ) {
      precondition(shape.byteCount == range.count, "\(name): \(range.count) bytes for \(shape)")
      precondition(offset == 0 || shape.type == .float32, "\(name): an offset for \(shape)")
      (self.name, self.shape, self.file, self.range) = (name, shape, file, range)
      self.rowOrder = rowOrder
      self.offset = offset
    }

    /// Whether what is read was rounded, since the file has the numbers plus an offset.
    package var isRounded: Bool { offset != 0 }

    /// The path of the file that holds it.
    public var path: String { file.path }

    /// Checks that every element is finite, if they are floating-point numbers that can be computed with.
    ///
    /// - Throws: ``CheckpointError/notFinite(name:path:element:)``.
    package func checkIsFinite() throws(CheckpointError) {
      guard let format = shape.type.floatFormat else { return }
      // In parts, so that a large embedding is not decoded as a whole.
      let step = 1 << 20
      for start in stride(from: 0, to: range.count, by: step) {
        let part = start..<min(range.count, start + step)
        let values = withBytes { format.decode($0.extracting(part)) }
        guard
          let first = VectorMath.isFinite(values.span)
            ? nil : values.firstIndex(where: { !$0.isFinite })
        else { continue }
        throw .notFinite(name: name, path: path, element: start / format.byteCount + first)
      }
    }

    /// Calls a closure with the bytes of the elements.
    public func withBytes<Result, Failure: Error>(
      _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      if offset != 0 {
        let values = file.withBytes(range) { FloatFormat.float32.decode($0) }
        let shifted = FloatFormat.float32.encode(values.map { $0 - offset })
        // Safety: bytes have no padding.
        return try unsafe body(shifted.span.bytes)
      }
      guard let rowOrder else { return try file.withBytes(range, body) }
      let length = range.count / max(1, rowOrder.count)
      let ordered = rowOrder.flatMap { row in
        file.copy(range.lowerBound + row * length..<range.lowerBound + (row + 1) * length)
      }
      // Safety: bytes have no padding.
      return try unsafe body(ordered.span.bytes)
    }
  }

  /// A model whose parts are all in one file.
  ///
  /// - Precondition: no two tensors have one name.
  package init(
    path: String, configuration: JSONValue, tensors: [TensorReference], files: [String: [UInt8]]
  ) {
    self.path = path
    self.configuration = configuration
    self.tensors = tensors
    positions = Dictionary(uniqueKeysWithValues: zip(tensors.map(\.name), tensors.indices))
    embedded = files
  }

  /// Opens a folder.
  ///
  /// - Throws: ``CheckpointError`` if it is not a model folder, or its files contradict themselves or
  ///   each other.
  public init(path: String) throws(CheckpointError) {
    let path = try Self.resolved(path)
    self.path = path
    embedded = nil
    configuration = try Self.configuration(in: path)
    var tensors: [TensorReference] = []
    var positions: [String: Int] = [:]
    for file in try Self.weightFiles(in: path) {
      for entry in file.entries {
        if let other = positions.updateValue(tensors.count, forKey: entry.name) {
          let isSame = entry.name.utf8.elementsEqual(tensors[other].name.utf8)
          throw .tensor(
            name: entry.name, path: path,
            reason: isSame
              ? "is in two files of the folder"
              : "has the name of another one but for how Unicode spells it; rename one of them")
        }
        tensors.append(
          TensorReference(
            name: entry.name, shape: entry.shape, in: file.file, at: entry.range))
      }
    }
    self.tensors = tensors
    self.positions = positions
    try checkIndex()
  }

  /// The tensor with this name, or nil.
  public func tensor(_ name: String) -> TensorReference? { positions[name].map { tensors[$0] } }

  /// The tensor with this name, which must have this shape.
  ///
  /// - Throws: ``CheckpointError`` if it is missing or has another shape.
  public func tensor(
    _ name: String, dimensions: [Int]
  ) throws(CheckpointError) -> TensorReference {
    guard let tensor = tensor(name) else {
      if let adapter = tensors.first(where: { $0.name.contains(".base_layer.") }) {
        throw .unsupported(
          path: path,
          reason:
            "its tensor \(adapter.name) is that of a model with an adapter that is not merged; merge it with "
            + "merge_and_unload() of peft and save the model")
      }
      throw .missingTensor(name: name, folder: path, similar: similar(to: name))
    }
    guard tensor.shape.dimensions == dimensions else {
      throw .tensor(
        name: name, path: tensor.path,
        reason: "has shape \(tensor.shape.dimensions); config.json calls for \(dimensions)")
    }
    return tensor
  }

  /// The name of a tensor that has another prefix than this one, or none; nil where there is no such.
  private func similar(to name: String) -> String? {
    let own = name.drop { $0 != "." }
    let isLong = own.dropFirst().contains(".")
    return tensors.lazy.map(\.name).first {
      $0.hasSuffix(".\(name)") || name.hasSuffix(".\($0)")
        || isLong && $0.drop { $0 != "." } == own
    }
  }

  /// The floating-point tensor with this name, which must have this shape, and its format.
  ///
  /// - Throws: ``CheckpointError`` if it is missing, or has another shape or type.
  public func floatTensor(
    _ name: String, dimensions: [Int]
  ) throws(CheckpointError) -> (tensor: TensorReference, format: FloatFormat) {
    let tensor = try tensor(name, dimensions: dimensions)
    guard let format = tensor.shape.type.floatFormat else {
      throw .tensor(
        name: name, path: tensor.path,
        reason: "has type \(tensor.shape.type.rawValue); F32, F16 or BF16 is needed")
    }
    return (tensor, format)
  }

  /// The elements of a floating-point tensor of this shape, as 32-bit floats.
  ///
  /// - Throws: ``CheckpointError`` if it is missing, has another shape or type, or has an element that
  ///   is not finite.
  public func floats(_ name: String, dimensions: [Int]) throws(CheckpointError) -> [Float] {
    let (tensor, format) = try floatTensor(name, dimensions: dimensions)
    let values = tensor.withBytes { format.decode($0) }
    guard VectorMath.isFinite(values.span) else {
      let first = values.firstIndex { !$0.isFinite } ?? 0
      throw .notFinite(name: name, path: tensor.path, element: first)
    }
    return values
  }

  /// A floating-point matrix of this shape.
  ///
  /// - Throws: ``CheckpointError`` as ``floats(_:dimensions:)`` does.
  public func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> Matrix {
    Matrix(
      rows: rows, columns: columns, elements: try floats(name, dimensions: [rows, columns]))
  }
}
