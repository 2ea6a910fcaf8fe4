internal import Foundation
public import LinearAlgebra

/// A matrix of floats in a `.npy` or `.safetensors` file, whose rows are read on demand.
///
///     weights.npy                         the array
///     model.safetensors:layer.weight      a tensor
///     model.safetensors                   its only tensor of two axes or more
public struct MatrixFile: Sendable {
  private enum Source: Sendable {
    case array(NumPyFile)
    case tensor(Range<Int>, FloatFormat, in: MappedFile)
  }

  /// The path as it was given, for messages.
  public let path: String
  /// The name of the tensor without `.weight`, or of the file without its extension.
  public let name: String
  /// The length of each axis, outermost first.
  public let dimensions: [Int]
  /// The format of the elements; that of a `.npy` file in double precision is `float32`.
  public let format: FloatFormat
  private let source: Source

  /// Opens a file; no element is read.
  ///
  /// - Throws: ``CheckpointError`` if there is no such array, or its elements are not floats.
  public init(_ path: String) throws(CheckpointError) {
    self.path = path
    if path.hasSuffix(".npy") {
      let file = try NumPyFile(path: path)
      name = String(URL(fileURLWithPath: path).lastPathComponent.dropLast(4))
      dimensions = file.dimensions
      format = file.element == .float16 ? .float16 : .float32
      source = .array(file)
      return
    }
    let (filePath, tensor) = try Self.split(path)
    let file = try SafetensorsFile(path: filePath)
    let entry = try file.matrix(tensor)
    guard let format = entry.shape.type.floatFormat else {
      throw .tensor(
        name: entry.name, path: filePath,
        reason: "has type \(entry.shape.type.rawValue); F32, F16 or BF16 is needed")
    }
    name = entry.name.hasSuffix(".weight") ? String(entry.name.dropLast(7)) : entry.name
    dimensions = entry.shape.dimensions
    self.format = format
    source = .tensor(entry.range, format, in: file.file)
  }

  /// The path of a safetensors file, and the tensor named after its colon.
  private static func split(_ path: String) throws(CheckpointError) -> (String, tensor: String?) {
    let ending = ".safetensors"
    if path.hasSuffix(ending) { return (path, nil) }
    guard let range = path.range(of: "\(ending):") else {
      throw .unsupported(
        path: path,
        reason: "is neither .npy nor .safetensors; tensors are named like "
          + "model.safetensors:layer.weight")
    }
    return (path[..<range.lowerBound] + ending, String(path[range.upperBound...]))
  }

  /// The length of the last axis.
  public var columns: Int { dimensions.last ?? 1 }
  /// The product of all other axes.
  public var rows: Int { dimensions.dropLast().reduce(1, *) }

  /// A copy of some of the rows.
  ///
  /// - Throws: ``CheckpointError`` if one of their elements is not finite.
  /// - Precondition: the range lies within the rows.
  public func rows(_ range: Range<Int>) throws(CheckpointError) -> Matrix {
    let matrix = copy(range)
    guard VectorMath.isFinite(matrix.elements.span) else {
      let element = matrix.elements.firstIndex { !$0.isFinite } ?? 0
      throw .notFinite(
        name: name, path: path, element: range.lowerBound * columns + element)
    }
    return matrix
  }

  private func copy(_ range: Range<Int>) -> Matrix {
    switch source {
    case .array(let file): return file.rows(range)
    case .tensor(let bytes, let format, let file):
      precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
      let size = columns * format.byteCount
      let start = bytes.lowerBound
      let elements = file.withBytes(
        start + range.lowerBound * size..<start + range.upperBound * size
      ) { format.decode($0) }
      return Matrix(rows: range.count, columns: columns, elements: elements)
    }
  }
}

extension SafetensorsFile {
  /// The tensor with this name, or the only one with two axes or more.
  fileprivate func matrix(_ name: String?) throws(CheckpointError) -> Entry {
    let candidates = entries.filter { entry in
      guard let name else { return entry.shape.dimensions.count >= 2 }
      return entry.name == name
    }
    if candidates.count == 1 { return candidates[0] }
    let names = entries.map(\.name).sorted()
    let list = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    guard let name else {
      throw .unsupported(
        path: file.path,
        reason: "holds \(candidates.count) matrices; say which one, as in "
          + "\(file.path):NAME; there are \(list)")
    }
    throw .unsupported(path: file.path, reason: "has no tensor \(name); there are \(list)")
  }
}
