internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

extension ModelFolder {
  /// The words of a packed tensor, which must have a given shape.
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
        // Safety: the header was checked, so the tensor holds `count` elements of 4 bytes.
        UInt32(
          littleEndian: unsafe bytes.unsafeLoadUnaligned(
            fromByteOffset: 4 * $0, as: UInt32.self))
      }
    }
    return PackedCodes(wordRows: dimensions[0], wordColumns: dimensions[1], words: words)
  }

  /// The number of groups in a row of a Linear: the length of one axis of a tensor.
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

  /// Checks that consecutive columns share a group, where a tensor maps columns to groups.
  ///
  /// Writers that apply act-order to whole groups scatter them, and store such a map.
  func checkGroups(
    _ linear: LinearShape, _ groups: Int, _ name: String
  ) throws(CheckpointError) {
    guard tensor(name) != nil else { return }
    let stored = try tensor(name, dimensions: [linear.columns])
    let size = linear.columns / groups
    let isTrivial =
      stored.shape.type == .int32
      && stored.withBytes { bytes in
        (0..<linear.columns).allSatisfy {
          // Safety: the header was checked, so there are 4 bytes for each column.
          unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: Int32.self).littleEndian
            == Int32($0 / size)
        }
      }
    guard isTrivial else {
      throw .tensor(
        name: name, path: stored.path,
        reason: "scatters the groups (desc_act); only consecutive groups are read")
    }
  }
}
