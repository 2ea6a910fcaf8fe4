import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer

/// Codes that are packed into words and back.
let packingReaders = [
  Reader("packing") { bytes in
    var input = Input(bytes)
    // Streams that cross words, but few of them.
    let (bits, length, width) = (1 + input.next() % 8, input.next() % 40, input.next() % 6)
    let (rows, columns) = input.next() % 2 == 0 ? (length, width) : (width, length)
    let codes = (0..<rows * columns).map { _ in UInt8(input.next() & (1 << bits - 1)) }
    for direction in [PackedCodes.Direction.alongRows, .alongColumns] {
      let packed = PackedCodes(codes, rows: rows, columns: columns, bits: bits, direction)
      let again = packed.unpacked(rows: rows, columns: columns, bits: bits, direction)
      expect(again == codes, "\(codes) are unpacked as \(again)")
    }
  },
  // A Linear of any scheme that a format stores, through a folder.
  Reader("layout") { bytes in
    var input = Input(bytes)
    let formats = CheckpointFormats.all.filter { !$0.isFile }
    let format = formats.chosen(by: UInt8(input.next()))
    let linear = format is BitsAndBytesFormat ? input.nested() : input.linear(for: format)
    let weight = linear.weight
    let shape = LinearShape(name: "p", rows: weight.rows, columns: weight.columns)
    let scales = format.scaleFormat(for: .float16)
    let tensors = format.layout(of: shape, linear.scheme, scales: scales)
    let elements = format.encode(linear, scales: scales)
    expect(elements.map(\.count) == tensors.map(\.shape.byteCount), "other lengths than stated")
    let path = Scratch.free("layout/model.safetensors")
    try SafetensorsFile.write(Array(zip(tensors, elements)), to: path)
    _ = Scratch.write("layout/config.json", Array("{}".utf8))
    let read = try format.decode(
      shape, in: ModelFolder(path: Scratch.path("layout")),
      format.configuration(of: linear.scheme, provenance: nil))
    expect(read == linear, "\(format.name) reads \(read) for \(linear)")
  },
]

/// An input that is taken byte by byte, with zeros behind its end.
private struct Input {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> Int {
    defer { position += 1 }
    return position < bytes.count ? Int(bytes[position]) : 0
  }

  /// A Linear that a format can store.
  mutating func linear(for format: any CheckpointFormat) -> QuantizedLinear {
    let isAWQ = format is AWQFormat
    let isGPTQ = format is GPTQFormat
    let isMLX = format is MLXFormat
    let widths = isAWQ ? [4] : isGPTQ ? [2, 3, 4, 8] : [2, 3, 4, 5, 6, 7, 8]
    var bits = widths.chosen(by: UInt8(next()))
    let hasInputs = !isAWQ && !isGPTQ && !isMLX && next() % 4 == 0
    if hasInputs { bits = 8 }
    let isSymmetric = hasInputs || next() % 2 == 0
    // MLX has whole words in each row.
    let (size, groups) = (isMLX ? 32 : 1 + next() % 12, hasInputs ? 1 : 1 + next() % 4)
    let rows = isAWQ ? 8 * (1 + next() % 4) : 1 + next() % 40
    let columns = size * groups
    let granularity = groups == 1 && !isMLX ? Scheme.Granularity.channel : .group(size)
    let points: Scheme.Points = isSymmetric ? .symmetric : isMLX ? .offset : .zeroPoint
    guard let scheme = try? Scheme(bits: bits, points: points, granularity: granularity)
    else { fatalError("\(bits) bits in groups of \(size)") }
    // Eighths are exact in every format; AWQ sees a symmetric grid where all zero points are 8.
    let scales = Matrix(rows: rows, columns: groups) { _, _ in Float(1 + next()) / 8 }
    let smallest = format.smallestZeroPoint
    var zeros = (0..<rows * groups).map { _ in
      UInt8(isSymmetric ? scheme.middleCode : smallest + next() % (scheme.largestCode))
    }
    if isAWQ, !isSymmetric, zeros.allSatisfy({ $0 == 8 }) { zeros[0] = 7 }
    let codes = (0..<rows * columns).map { _ in UInt8(next() & scheme.largestCode) }
    // Above zero, so that no such grid is symmetric.
    let grid = Grid(
      scheme: scheme, groupSize: size, scales: scales,
      offsets: Matrix(rows: rows, columns: groups, elements: zeros.map(Float.init)))
    return QuantizedLinear(
      QuantizedWeight(rows: rows, columns: columns, grid: grid, codes: codes),
      activations: hasInputs ? inputs() : nil)
  }

  /// A Linear with NF4 levels and nested scales.
  mutating func nested() -> QuantizedLinear {
    let (rows, groups) = (1 + next() % 40, 1 + next() % 12)
    guard let scheme = try? Scheme(bits: 4, points: .table(.nf4), granularity: .group(64))
    else { fatalError("no NF4") }
    let scales = NestedScales(
      codes: (0..<rows * groups).map { _ in UInt8(next()) },
      factors: (0..<NestedScales.blockCount(of: rows * groups)).map { _ in Float(next()) / 8 },
      offset: Float(next()) / 3)
    let grid = Grid(
      scheme: scheme, groupSize: 64, nestedScales: scales,
      offsets: Matrix(rows: rows, columns: groups))
    let codes = (0..<rows * groups * 64).map { _ in UInt8(next() & 15) }
    return QuantizedLinear(
      QuantizedWeight(rows: rows, columns: groups * 64, grid: grid, codes: codes))
  }

  private mutating func inputs() -> ActivationQuantizer {
    let (kind, isSymmetric) = (next(), next() % 2 == 0)
    if kind % 2 == 0 { return .token(symmetric: isSymmetric) }
    let zero = isSymmetric ? 0 : next() - 128
    return .tensor(
      ActivationGrid(scale: Float(1 + next()) / 8, zeroPoint: zero), symmetric: isSymmetric)
  }
}
