internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Quantizer
internal import Transformer

/// The embedding or the head, which becomes dense: floats that are exactly what its codes stand for.
struct PlannedTable {
  let shape: LinearShape
  private let format: FloatFormat

  /// The rows that are decoded at once.
  private static let slab = 4096

  /// Chooses the shortest floats that have every value.
  ///
  /// - Throws: ``CheckpointError`` if the table cannot be read.
  init(_ shape: LinearShape, in model: LanguageModel) throws {
    self.shape = shape
    var formats: [FloatFormat] = [.bfloat16, .float16, .float32]
    try Self.forEachSlab(of: shape, in: model) { values in
      formats.removeAll { format in !values.allSatisfy { format.rounded($0) == $0 } }
    }
    format = formats.first ?? .float32
  }

  /// The tensor that holds it.
  var tensor: NamedShape {
    NamedShape("\(shape.name).weight", TensorType(format), [shape.rows, shape.columns])
  }

  /// Its elements.
  func bytes(in model: LanguageModel) throws -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(format.byteCount * shape.rows * shape.columns)
    try Self.forEachSlab(of: shape, in: model) { result += format.encode($0) }
    return result
  }

  private static func forEachSlab(
    of shape: LinearShape, in model: LanguageModel, _ use: ([Float]) -> Void
  ) throws {
    guard let weight = try model.quantizedLinear(shape)?.weight else { return }
    for first in stride(from: 0, to: shape.rows, by: slab) {
      use(weight.dequantized(rows: first..<min(shape.rows, first + slab)).elements)
    }
  }
}

extension LanguageModel {
  /// A quantized Linear as other formats may have it: that of a file without its super-blocks.
  func convertedLinear(
    _ shape: LinearShape, to other: any CheckpointFormat
  ) throws(CheckpointError) -> QuantizedLinear? {
    guard let linear = try quantizedLinear(shape) else { return nil }
    guard format?.isFile == true, !other.isFile else { return linear }
    return QuantizedLinear(linear.weight.plain(turningNegative: !other.storesOffsets))
  }
}

extension CheckpointFormat {
  /// The format with the type for weights whose levels are floats of 4 bits with powers of two as scales; itself for
  /// all others.
  func storing(_ schemes: some Sequence<Scheme>) -> any CheckpointFormat {
    let all = Set(schemes)
    guard let scheme = all.first, all.count == 1, scheme.points == .table(.e2m1),
      scheme.granularity == .group(32)
    else { return self }
    return types.lazy.compactMap(storing(type:)).first { $0.standardScheme == scheme } ?? self
  }
}
