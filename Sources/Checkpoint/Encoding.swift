internal import LinearAlgebra
internal import Quantizer

/// Integers as little-endian bytes.
func littleEndian<Value: FixedWidthInteger>(_ values: some Sequence<Value>) -> [UInt8] {
  var bytes: [UInt8] = []
  for value in values {
    for byte in 0..<Value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * Value(byte))))
    }
  }
  return bytes
}

extension ModelFolder {
  /// The words of a packed tensor of this shape.
  func packedCodes(_ name: String, _ dimensions: [Int]) throws(CheckpointError) -> PackedCodes {
    let tensor = try tensor(name, dimensions: dimensions)
    guard tensor.shape.type == .int32 else {
      throw .tensor(
        name: name, path: tensor.path,
        reason: "has type \(tensor.shape.type.rawValue); I32 is needed")
    }
    let count = dimensions.reduce(1, *)
    let words = tensor.withBytes { bytes in
      (0..<count).map {
        // Safety: the header was checked: the tensor holds `count` elements of 4 bytes.
        UInt32(
          littleEndian: unsafe bytes.unsafeLoadUnaligned(
            fromByteOffset: 4 * $0, as: UInt32.self))
      }
    }
    return PackedCodes(wordRows: dimensions[0], wordColumns: dimensions[1], words: words)
  }

  /// The number of groups of a Linear, from a tensor that has one entry for each along an axis.
  func groups(
    of linear: LinearShape, _ name: String, axis: Int
  ) throws(CheckpointError) -> Int {
    guard let tensor = tensor(name) else { throw .missingTensor(name: name, folder: path) }
    let dimensions = tensor.shape.dimensions
    guard dimensions.count == 2, dimensions[axis] > 0, linear.columns % dimensions[axis] == 0
    else {
      throw .tensor(
        name: name, path: tensor.path,
        reason: "has shape \(dimensions), which does not split \(linear.columns) columns "
          + "into equal groups")
    }
    return dimensions[axis]
  }
}
