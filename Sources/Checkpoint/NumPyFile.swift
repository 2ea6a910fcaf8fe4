// The .npy format, versions 1.0 to 3.0, as NumPy's documentation has it:
//
//   6 bytes   93 4E 55 4D 50 59
//   2 bytes   the version
//   2 bytes   N, the length of the header, little-endian; 4 bytes from version 2.0 on
//   N bytes   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } and spaces
//   the rest  the elements, the last index fastest, or the first for fortran_order

public import LinearAlgebra

/// A `.npy` file of floats whose header has been read and agrees with its length.
///
/// It is treated as a matrix whose columns are the last axis, and whose rows are all others in order.
public struct NumPyFile: Sendable {
  /// The element types that are supported.
  public enum Element: String, Sendable, CaseIterable {
    /// IEEE 754 binary16.
    case float16 = "<f2"
    /// IEEE 754 binary32.
    case float32 = "<f4"
    /// IEEE 754 binary64, rounded to 32 bits when it is read.
    case float64 = "<f8"

    /// The number of bytes of one element.
    public var byteCount: Int {
      switch self {
      case .float16: 2
      case .float32: 4
      case .float64: 8
      }
    }
  }

  /// The mapped file.
  public let file: MappedFile
  /// The type of the elements.
  public let element: Element
  /// The length of each axis, outermost first.
  public let dimensions: [Int]
  /// Whether the first index varies fastest.
  public let isFortranOrder: Bool
  /// Where the elements start.
  private let start: Int

  /// The length of the last axis; 1 for a single number.
  public var columns: Int { dimensions.last ?? 1 }
  /// The product of all other axes.
  public let rows: Int

  /// Maps a file and checks its header against its length; no element is read.
  ///
  /// - Throws: ``CheckpointError`` if the file contradicts itself, or is not supported.
  public init(path: String) throws(CheckpointError) {
    file = try MappedFile(path: path)
    let (header, start) = try NumPyHeader.read(from: file)
    guard let element = Element(rawValue: header.type) else {
      throw .numPy(
        path: path,
        reason: "elements of type \(header.type) are not read; save it as "
          + Element.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard !header.shape.contains(0) else {
      throw .numPy(path: path, reason: "shape \(header.shape) holds no element")
    }
    guard let bytes = product(header.shape + [element.byteCount]) else {
      throw .numPy(path: path, reason: "the shape \(header.shape) is impossible")
    }
    guard bytes == file.byteCount - start else {
      throw .numPy(
        path: path,
        reason: "shape \(header.shape) of \(element.rawValue) takes \(bytes) bytes, and "
          + "\(file.byteCount - start) are there; it may be truncated")
    }
    self.element = element
    // Cannot overflow: all lengths are positive, and the product of them all did not overflow.
    rows = header.shape.dropLast().reduce(1, *)
    self.start = start
    dimensions = header.shape
    isFortranOrder = header.isFortranOrder
  }

  /// A copy of some of the rows.
  ///
  /// - Precondition: the range lies within the rows.
  public func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    var result = Matrix(rows: range.count, columns: columns)
    file.withBytes(start..<file.byteCount) { bytes in
      for (i, row) in range.enumerated() {
        // The elements of a row are adjacent, or as far apart as there are rows.
        let (first, step) = isFortranOrder ? (fortranIndex(of: row), rows) : (row * columns, 1)
        var output = result.mutableRow(i)
        for j in output.indices { output[j] = element.value(bytes, at: first + j * step) }
      }
    }
    return result
  }

  /// The index of the first element of a row when the first index varies fastest.
  private func fortranIndex(of row: Int) -> Int {
    var (rest, index, stride) = (row, 0, rows)
    for dimension in dimensions.dropLast().reversed() {
      stride /= dimension
      index += rest % dimension * stride
      rest /= dimension
    }
    return index
  }
}

/// A product of lengths, or nil if it overflows.
private func product(_ lengths: [Int]) -> Int? {
  var result = 1
  for length in lengths {
    let (next, overflow) = result.multipliedReportingOverflow(by: length)
    guard !overflow else { return nil }
    result = next
  }
  return result
}

extension NumPyFile.Element {
  /// The element at an index.
  fileprivate func value(_ bytes: RawSpan, at index: Int) -> Float {
    // Safety: the length of the file has been checked, so every element of the shape is there.
    switch self {
    case .float16:
      Float(Float16(bitPattern: unsafe bytes.littleEndian(at: 2 * index)))
    case .float32:
      Float(bitPattern: unsafe bytes.littleEndian(at: 4 * index))
    case .float64:
      Float(Double(bitPattern: unsafe bytes.littleEndian(at: 8 * index)))
    }
  }
}

extension RawSpan {
  /// The little-endian integer at an offset.
  ///
  /// Safety: the span must hold its bytes.
  @unsafe fileprivate func littleEndian<Bits: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int
  ) -> Bits {
    Bits(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Bits.self))
  }
}
