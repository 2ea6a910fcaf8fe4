// All layouts of compressed-tensors except those of 4-bit floats. For a Linear P with weights
// [out, in], b bits, G groups in a row, pack-quantized is:
//
//   P.weight_packed      int32 [out, ⌈in·b/32⌉]   codes along each row
//   P.weight_scale       scales [out, G]
//   P.weight_zero_point  int32 [⌈out·b/32⌉, G]    codes along each column; asymmetric only
//   P.weight_shape       int64 [2]                out, in
//
// and int-quantized or float-quantized, for weights and activations of 8 bits:
//
//   P.weight             int8 or E4M3 [out, in]
//   P.weight_scale       scales [out, 1], or [1] for the whole matrix; E4M3: or [⌈out/r⌉, ⌈in/c⌉] by block
//   P.input_scale        float32 [1]              static activations only
//   P.input_zero_point   int8 [1]                 static and asymmetric only
//
// Codes and zero points of integers are unsigned here: the format's signed values plus 2^(b−1).
// The packed words of the first layout hold the unsigned values.

internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

/// pack-quantized.
enum PackedLayout {
  static func tensors(
    of linear: LinearShape, _ scheme: Scheme, scales: FloatFormat
  ) -> [NamedShape] {
    let (rows, columns, bits) = (linear.rows, linear.columns, scheme.bits)
    let groups = columns / scheme.storedGroupSize(columns: columns)
    var result = [
      NamedShape(
        "\(linear.name).weight_packed", .int32,
        [rows, PackedCodes.wordCount(of: columns, bits: bits)]),
      NamedShape("\(linear.name).weight_scale", TensorType(scales), [rows, groups]),
    ]
    if !scheme.isSymmetric {
      result.append(
        NamedShape(
          "\(linear.name).weight_zero_point", .int32,
          [PackedCodes.wordCount(of: rows, bits: bits), groups]))
    }
    result.append(NamedShape("\(linear.name).weight_shape", .int64, [2]))
    return result
  }

  static func encode(_ weight: QuantizedWeight, scales: FloatFormat) -> [[UInt8]] {
    let (rows, columns, grid) = (weight.rows, weight.columns, weight.grid)
    let bits = grid.scheme.bits
    var result = [
      littleEndian(
        PackedCodes(weight.codes, rows: rows, columns: columns, bits: bits, .alongRows).words),
      scales.encode(grid.scales.elements),
    ]
    if !grid.scheme.isSymmetric {
      let zeros = PackedCodes(
        grid.zeroPoints, rows: rows, columns: grid.groups, bits: bits, .alongColumns)
      result.append(littleEndian(zeros.words))
    }
    result.append(littleEndian([Int64(rows), Int64(columns)]))
    return result
  }

  static func codes(
    of linear: LinearShape, bits: Int, in folder: ModelFolder
  ) throws(CheckpointError) -> [UInt8] {
    let (rows, columns) = (linear.rows, linear.columns)
    return try folder.packedCodes(
      "\(linear.name).weight_packed", [rows, PackedCodes.wordCount(of: columns, bits: bits)]
    ).unpacked(rows: rows, columns: columns, bits: bits, .alongRows)
  }
}

/// int-quantized and float-quantized.
enum ByteLayout {
  static func tensors(
    of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat
  ) -> [NamedShape] {
    let weights = scheme.weights
    let type: TensorType = weights.points == .symmetric ? .int8 : .float8E4M3
    var result = [
      NamedShape("\(linear.name).weight", type, [linear.rows, linear.columns]),
      NamedShape(
        "\(linear.name).weight_scale", TensorType(scales), weights.scaleDimensions(of: linear)),
    ]
    guard let activations = scheme.activations, activations.granularity == .tensor else {
      return result
    }
    result.append(NamedShape("\(linear.name).input_scale", .float32, [1]))
    if !activations.isSymmetric {
      result.append(NamedShape("\(linear.name).input_zero_point", .int8, [1]))
    }
    return result
  }

  /// - Precondition: 8 bits, symmetric without groups or E4M3; ``EngineRules`` refuse all others.
  static func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    let weight = linear.weight
    let scheme = weight.grid.scheme
    let isFloat = scheme.points == .table(.e4m3)
    precondition(
      scheme.bits == 8 && (isFloat || scheme.isSymmetric && weight.grid.groups == 1),
      "\(scheme) in bytes")
    let codes = weight.codes.map { isFloat ? E4M3.code(ofLevel: $0) : $0 ^ 0x80 }
    var result = [codes, scales.encode(weight.grid.distinctScales)]
    guard let activations = linear.activations, let grid = activations.grid else { return result }
    result.append(FloatFormat.float32.encode([grid.scale]))
    if !activations.scheme.isSymmetric { result.append(littleEndian([Int8(grid.zeroPoint)])) }
    return result
  }

  /// The levels of E4M3 floats.
  static func floatCodes(
    of linear: LinearShape, in folder: ModelFolder
  ) throws(CheckpointError) -> [UInt8] {
    let name = "\(linear.name).weight"
    let bytes = try folder.bytes(name, [linear.rows, linear.columns], .float8E4M3)
    let levels = bytes.compactMap(E4M3.level)
    guard levels.count == bytes.count else {
      throw .tensor(name: name, path: folder.path, reason: "holds a NaN")
    }
    return levels
  }

  static func codes(
    of linear: LinearShape, bits: Int, in folder: ModelFolder
  ) throws(CheckpointError) -> [UInt8] {
    let name = "\(linear.name).weight"
    return try folder.unsignedCodes(
      try folder.tensor(name, dimensions: [linear.rows, linear.columns]), bits: bits)
  }
}

extension Scheme {
  /// The shape of the scales where rows that share one store it once.
  func scaleDimensions(of linear: LinearShape) -> [Int] {
    switch granularity {
    case .tensor: [1]
    case .channel, .group: [linear.rows, linear.columns / storedGroupSize(columns: linear.columns)]
    case .block(let rows, let columns):
      [(linear.rows + rows - 1) / rows, (linear.columns + columns - 1) / columns]
    }
  }
}

extension Grid {
  /// The scales, each once.
  var distinctScales: [Float] {
    let height =
      switch scheme.granularity {
      case .tensor: scales.rows
      case .channel, .group: 1
      case .block(let rows, _): rows
      }
    return stride(from: 0, to: scales.rows, by: height).flatMap { row in
      (0..<groups).map { scales[row, $0] }
    }
  }
}
