internal import LinearAlgebra

extension SafetensorsFile {
  /// The elements of an integer tensor (I32, U32 or I64), or nil if there is none of this name.
  public func integers(_ name: String) -> [Int64]? {
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    return file.withBytes(entry.range) { entry.shape.type.integers(in: $0) }
  }

  /// The elements of a floating-point tensor of 16 or 32 bits, or nil if there is none of this name.
  public func floats(_ name: String) -> [Float]? {
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    return entry.shape.type.floatFormat.map { format in
      file.withBytes(entry.range) { format.decode($0) }
    }
  }

  /// The elements of a tensor in double precision, or nil if there is none of this name.
  package func doubles(_ name: String) -> [Double]? {
    guard let entry = entries.first(where: { $0.name == name }), entry.shape.type == .float64
    else { return nil }
    return file.withBytes(entry.range) { bytes in
      (0..<entry.range.count / 8).map {
        // Safety: the header has been checked, so the range holds whole elements.
        let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)
        return Double(bitPattern: bits.littleEndian)
      }
    }
  }
}

extension ModelFolder.TensorReference {
  /// The elements of an integer tensor (I32, U32 or I64), or nil if it is of another type.
  package var integers: [Int64]? { withBytes { shape.type.integers(in: $0) } }
}

extension TensorType {
  /// The integers of this type in the bytes of a tensor; nil for any other type.
  fileprivate func integers(in bytes: RawSpan) -> [Int64]? {
    // Safety: headers are checked, so the bytes hold whole elements of the type's size.
    switch self {
    case .int32:
      (0..<bytes.byteCount / 4).map {
        Int64(
          unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: Int32.self).littleEndian)
      }
    case .uint32:
      (0..<bytes.byteCount / 4).map {
        Int64(
          unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self).littleEndian)
      }
    case .int64:
      (0..<bytes.byteCount / 8).map {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8 * $0, as: Int64.self).littleEndian
      }
    default: nil
    }
  }
}
