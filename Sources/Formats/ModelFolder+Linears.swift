internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

extension ModelFolder {
  /// The elements of a tensor of bytes, which must have a given shape and type.
  func bytes(
    _ name: String, _ dimensions: [Int], _ type: TensorType = .uint8
  ) throws(CheckpointError) -> [UInt8] {
    let tensor = try tensor(name, dimensions: dimensions)
    guard tensor.shape.type == type else {
      throw .tensor(
        name: name, path: tensor.path,
        reason: "has type \(tensor.shape.type.rawValue); \(type.rawValue) is needed")
    }
    // Safety: the bytes are copied at once.
    return tensor.withBytes { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
  }

  /// The words of a packed tensor, which must have a given shape.
  func packedCodes(_ name: String, _ dimensions: [Int]) throws(CheckpointError) -> PackedCodes {
    let tensor = try tensor(name, dimensions: dimensions)
    guard [.int32, .uint32].contains(tensor.shape.type) else {
      throw .tensor(
        name: name, path: tensor.path,
        reason: "has type \(tensor.shape.type.rawValue); I32 or U32 is needed")
    }
    let count = dimensions.reduce(1, *)
    let words = tensor.withBytes { bytes in
      (0..<count).map {
        // Safety: the header was checked, so the tensor holds `count` elements of 4 bytes.
        UInt32(
          littleEndian: unsafe bytes.unsafeLoadUnaligned(
            fromByteOffset: 4 * $0, as: UInt32.self))
      }
    }
    return PackedCodes(wordRows: dimensions[0], wordColumns: dimensions[1], words: words)
  }
}

extension [UInt8] {
  /// Two elements for each byte.
  func halves(_ pair: (UInt8) -> (UInt8, UInt8)) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(2 * count)
    for byte in self {
      let (first, second) = pair(byte)
      result.append(first)
      result.append(second)
    }
    return result
  }
}
