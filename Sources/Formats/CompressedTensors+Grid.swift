// Reading scales and zero points, which both layouts of compressed-tensors store alike, in every shape
// that writers have given them.

internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

extension ModelFolder {
  /// The scales, `[rows, groups]`, and their groups; a single scale for the whole matrix is repeated for
  /// each row.
  func scales(
    of linear: LinearShape, _ stored: CompressedTensorsScheme
  ) throws(CheckpointError) -> (Matrix, StoredGroups) {
    let name = "\(linear.name).weight_scale"
    if stored.strategy == .group {
      let groups = try groups(
        of: linear, name, axis: 1, size: stored.groupSize, map: "\(linear.name).weight_g_idx")
      return (try matrix(name, rows: linear.rows, columns: groups.count), groups)
    }
    if let block = stored.block { return try scales(of: linear, name, block) }
    let isWhole = stored.strategy == .tensor
    // Older files leave out axes of length 1, so only the number of elements counts.
    let tensor = try tensor(name, count: isWhole ? 1 : linear.rows)
    let values = try floats(name, dimensions: tensor.shape.dimensions)
    return (
      Matrix(rows: linear.rows, columns: 1) { row, _ in values[isWhole ? 0 : row] },
      StoredGroups(count: 1, granularity: .channel, size: linear.columns, columns: nil)
    )
  }

  /// The scales of blocks, repeated for each row, and their groups.
  func scales(
    of linear: LinearShape, _ name: String, _ block: (rows: Int, columns: Int)
  ) throws(CheckpointError) -> (Matrix, StoredGroups) {
    // There are more rows than scales: their number must be that of the weights.
    _ = try tensor("\(linear.name).weight", dimensions: [linear.rows, linear.columns])
    let count = (linear.columns + block.columns - 1) / block.columns
    let scales = try matrix(
      name, rows: (linear.rows + block.rows - 1) / block.rows, columns: count)
    return (
      Matrix(rows: linear.rows, columns: count) { row, group in scales[row / block.rows, group] },
      StoredGroups(
        count: count, granularity: .block(rows: block.rows, columns: block.columns),
        size: block.columns, columns: nil)
    )
  }

  /// The offsets of a grid, `[rows, groups]`: zero points, or nothing for floats.
  func offsets(
    of linear: LinearShape, _ stored: CompressedTensorsScheme, _ scheme: Scheme, groups: Int
  ) throws(CheckpointError) -> Matrix {
    if scheme.points == .zeroPoint {
      let zeros = try zeroPoints(of: linear, stored, scheme, groups: groups)
      return Matrix(rows: linear.rows, columns: groups, elements: zeros.map(Float.init))
    }
    let middle = scheme.isSymmetric ? Float(scheme.middleCode) : 0
    return Matrix(rows: linear.rows, columns: groups) { _, _ in middle }
  }

  /// The zero points, row by row.
  private func zeroPoints(
    of linear: LinearShape, _ stored: CompressedTensorsScheme, _ scheme: Scheme, groups: Int
  ) throws(CheckpointError) -> [UInt8] {
    let (name, rows) = ("\(linear.name).weight_zero_point", linear.rows)
    // Old versions stored unpacked zero points beside packed weights.
    if stored.layout == .packed, tensor(name)?.shape.type != .int8 {
      return try packedCodes(name, [PackedCodes.wordCount(of: rows, bits: scheme.bits), groups])
        .unpacked(rows: rows, columns: groups, bits: scheme.bits, .alongColumns)
    }
    let count = stored.strategy == .tensor ? 1 : rows * groups
    let zeros = try unsignedCodes(try tensor(name, count: count), bits: scheme.bits)
    return count == 1 ? [UInt8](repeating: zeros[0], count: rows * groups) : zeros
  }

  /// What rounds the input of a Linear.
  func activations(
    of linear: LinearShape, _ scheme: ActivationScheme
  ) throws(CheckpointError) -> ActivationQuantizer {
    guard scheme.isCalibrated else { return ActivationQuantizer(scheme) }
    let isNarrow = scheme.number == .nvfp4
    let name = "\(linear.name).\(isNarrow ? "input_global_scale" : "input_scale")"
    let tensor = try tensor(name, count: 1)
    let scale = try floats(name, dimensions: tensor.shape.dimensions)[0]
    guard scale > 0 else {
      throw .tensor(name: name, path: tensor.path, reason: "is \(scale); it must be positive")
    }
    if isNarrow { return ActivationQuantizer(scheme, divisor: scale) }
    guard !scheme.isSymmetric else {
      return ActivationQuantizer(scheme, grid: ActivationGrid(scale: scale))
    }
    let zero = try self.tensor("\(linear.name).input_zero_point", count: 1)
    let code = try unsignedCodes(zero, bits: scheme.bits)[0]
    return ActivationQuantizer(
      scheme, grid: ActivationGrid(scale: scale, zeroPoint: Int(code) - 128))
  }

  /// The elements of an int8 tensor, signed values of a given number of bits, plus 2^(bits − 1).
  func unsignedCodes(
    _ tensor: TensorReference, bits: Int
  ) throws(CheckpointError) -> [UInt8] {
    guard tensor.shape.type == .int8 else {
      throw .tensor(
        name: tensor.name, path: tensor.path,
        reason: "has type \(tensor.shape.type.rawValue); I8 is needed")
    }
    let middle = UInt8(1) << (bits - 1)
    let codes = tensor.withBytes { bytes in
      (0..<bytes.byteCount).map {
        // Safety: the index is below the number of bytes; any bits are a byte.
        unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) &+ middle
      }
    }
    if let bad = codes.firstIndex(where: { Int($0) >> bits != 0 }) {
      throw .tensor(
        name: tensor.name, path: tensor.path,
        reason: "holds \(Int8(bitPattern: codes[bad] &- middle)), which does not fit \(bits) bits")
    }
    return codes
  }

  /// The tensor of this name, which must have a given number of elements, in any shape.
  private func tensor(_ name: String, count: Int) throws(CheckpointError) -> TensorReference {
    guard let tensor = tensor(name) else { throw .missingTensor(name: name, folder: path) }
    guard tensor.shape.dimensions.reduce(1, *) == count else {
      throw .tensor(
        name: name, path: tensor.path,
        reason: "has shape \(tensor.shape.dimensions), where config.json calls for \(count) "
          + "elements")
    }
    return tensor
  }
}
