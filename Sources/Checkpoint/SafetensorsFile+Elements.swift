internal import LinearAlgebra

extension SafetensorsFile {
  /// The elements of an integer tensor (I32 or I64), or nil when there is none of this name.
  public func integers(_ name: String) -> [Int64]? {
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    return file.withBytes(entry.range) { bytes in
      // Safety: the header was checked: the range holds whole elements of the type's size.
      switch entry.shape.type {
      case .int32:
        return (0..<entry.range.count / 4).map {
          Int64(
            unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: Int32.self).littleEndian)
        }
      case .int64:
        return (0..<entry.range.count / 8).map {
          unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8 * $0, as: Int64.self).littleEndian
        }
      default: return nil
      }
    }
  }

  /// The elements of a floating-point tensor, or nil when there is none of this name.
  public func floats(_ name: String) -> [Float]? {
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    return entry.shape.type.floatFormat.map { format in
      file.withBytes(entry.range) { format.decode($0) }
    }
  }
}
