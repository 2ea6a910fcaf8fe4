// The floats of 4 bits of compressed-tensors. For a Linear P with weights [out, in]:
//
//   P.weight_packed        uint8   [out, in/2]    the first of two codes in the low half
//   P.weight_scale         E4M3    [out, in/16]   nvfp4-pack-quantized
//                          uint8   [out, in/32]   mxfp4-pack-quantized: exponents of two, plus 127
//   P.weight_global_scale  float32 [1]            nvfp4: what scales are divided by
//   P.input_global_scale   float32 [1]            nvfp4 with rounded inputs: what their scales are divided by
//
// A code is an `E2M1`.

internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

/// nvfp4-pack-quantized and mxfp4-pack-quantized.
enum FP4Layout {
  /// What the scales of NVFP4 are divided by.
  ///
  /// Engines that merge q, k and v, or gate and up, have one such number for all of them, so every Linear gets the same.
  /// With this one, groups whose largest weight is between 4·10⁻⁴ and 10 have scales of full precision.
  static let globalScale: Float = 256

  static func tensors(
    of linear: LinearShape, _ type: CompressedTensorsType, _ activations: ActivationScheme?
  ) -> [NamedShape] {
    let (rows, columns) = (linear.rows, linear.columns)
    let codes = NamedShape("\(linear.name).weight_packed", .uint8, [rows, columns / 2])
    let scales = "\(linear.name).weight_scale"
    guard type == .nvfp4 else { return [codes, NamedShape(scales, .uint8, [rows, columns / 32])] }
    let tensors = [
      codes, NamedShape(scales, .float8E4M3, [rows, columns / 16]),
      NamedShape("\(linear.name).weight_global_scale", .float32, [1]),
    ]
    guard activations?.number == .nvfp4 else { return tensors }
    return tensors + [NamedShape("\(linear.name).input_global_scale", .float32, [1])]
  }

  static func encode(_ linear: QuantizedLinear, _ type: CompressedTensorsType) -> [[UInt8]] {
    let weight = linear.weight
    let codes = weight.codes.map(E2M1.code)
    let packed = stride(from: 0, to: codes.count, by: 2).map { codes[$0] | codes[$0 + 1] << 4 }
    let scales = weight.grid.scales.elements
    guard type == .nvfp4 else { return [packed, scales.map { UInt8($0.exponent + 127) }] }
    let divisors = [globalScale, linear.activations?.divisor].compactMap(\.self)
    return [packed, scales.map { E4M3.code(of: $0 * globalScale) }]
      + divisors.map { FloatFormat.float32.encode([$0]) }
  }

  static func decode(
    _ linear: LinearShape, _ type: CompressedTensorsType, in folder: ModelFolder
  ) throws(CheckpointError) -> QuantizedWeight {
    let (rows, columns) = (linear.rows, linear.columns)
    let size = type == .nvfp4 ? 16 : 32
    guard columns % size == 0 else {
      throw .tensor(
        name: "\(linear.name).weight_packed", path: folder.path,
        reason: "has \(columns) columns, which groups of \(size) do not fill")
    }
    let scheme = try folder.scheme(4, points: .table(.e2m1), .group(size))
    let bytes = try folder.bytes("\(linear.name).weight_packed", [rows, columns / 2], .uint8)
    let scales = try scales(of: linear, type, [rows, columns / size], in: folder)
    let grid = Grid(
      scheme: scheme, groupSize: size,
      scales: Matrix(rows: rows, columns: columns / size, elements: scales),
      offsets: Matrix(rows: rows, columns: columns / size))
    return QuantizedWeight(
      rows: rows, columns: columns, grid: grid,
      codes: bytes.halves { byte in (E2M1.level(of: byte & 15), E2M1.level(of: byte >> 4)) })
  }

  private static func scales(
    of linear: LinearShape, _ type: CompressedTensorsType, _ dimensions: [Int],
    in folder: ModelFolder
  ) throws(CheckpointError) -> [Float] {
    let name = "\(linear.name).weight_scale"
    let scales: [Float]
    if type == .nvfp4 {
      let divisor = try folder.floats("\(linear.name).weight_global_scale", dimensions: [1])[0]
      scales = try folder.bytes(name, dimensions, .float8E4M3).map { E4M3.value(of: $0) / divisor }
    } else {
      scales = try folder.bytes(name, dimensions, .uint8).map {
        Float(sign: .plus, exponent: Int($0) - 127, significand: 1)
      }
    }
    guard scales.allSatisfy(\.isFinite) else {
      throw .tensor(name: name, path: folder.path, reason: "holds a scale that is infinite or NaN")
    }
    return scales
  }
}
