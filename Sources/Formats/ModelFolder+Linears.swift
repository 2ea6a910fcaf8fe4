internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

extension ModelFolder {
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
