import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer

/// A quantized Linear in a folder, as a run stores it.
struct StoredLinear: Sendable {
  static let shape = LinearShape(name: "p", rows: 16, columns: 32)
  /// The bytes of `config.json`.
  let configuration: [UInt8]
  /// The bytes of `model.safetensors`.
  let weights: [UInt8]
  private let name: String

  /// One for each way in which Linears are stored.
  static let all: [StoredLinear] = {
    let static8 = ActivationQuantizer.tensor(
      ActivationGrid(scale: 0.25, zeroPoint: 3), symmetric: false)
    do {
      return [
        try StoredLinear("gptq", GPTQFormat(), 4, .group(16), symmetric: false),
        try StoredLinear("gptq3", GPTQFormat(), 3, .channel, symmetric: true),
        try StoredLinear("awq", AWQFormat(), 4, .group(8), symmetric: false),
        try StoredLinear("mlx", MLXFormat(), 6, .group(16), symmetric: false),
        try StoredLinear("mlx3", MLXFormat(), 3, .group(32), symmetric: true),
        try StoredLinear("nf4", BitsAndBytesFormat(), 4, .group(32), points: .table(.nf4)),
        try StoredLinear(
          "fp4", BitsAndBytesFormat(BitsAndBytesType(table: .fp4, isNested: false)), 4, .group(16),
          points: .table(.fp4)),
        try StoredLinear("packed", CompressedTensorsFormat(), 5, .group(16), symmetric: false),
        try StoredLinear("packed3", CompressedTensorsFormat(), 3, .channel, symmetric: true),
        try StoredLinear(
          "int8", CompressedTensorsFormat(), 8, .channel, symmetric: true, activations: static8),
        try StoredLinear(
          "fp8", CompressedTensorsFormat(.fp8), 8, .channel, points: .table(.e4m3),
          activations: ActivationQuantizer(
            ActivationScheme(floatsBy: .tensor), grid: ActivationGrid(scale: 0.25))),
        try StoredLinear(
          "fp8-block", CompressedTensorsFormat(.fp8Block), 8, .block(rows: 5, columns: 24),
          points: .table(.e4m3),
          activations: ActivationQuantizer(ActivationScheme(floatsBy: .group(24)))),
        try StoredLinear(
          "nvfp4", CompressedTensorsFormat(.nvfp4), 4, .group(16), points: .table(.e2m1),
          activations: ActivationQuantizer(.nvfp4, divisor: 40)),
        try StoredLinear(
          "mxfp4", CompressedTensorsFormat(.mxfp4), 4, .group(32), points: .table(.e2m1),
          activations: ActivationQuantizer(.mxfp4)),
      ]
    } catch {
      fatalError("a Linear cannot be stored: \(error)")
    }
  }()

  private init(
    _ name: String, _ format: any CheckpointFormat, _ bits: Int, _ granularity: Scheme.Granularity,
    symmetric: Bool, activations: ActivationQuantizer? = nil
  ) throws {
    try self.init(
      name, format, bits, granularity,
      points: symmetric ? .symmetric : format.storesOffsets ? .offset : .zeroPoint,
      activations: activations)
  }

  private init(
    _ name: String, _ format: any CheckpointFormat, _ bits: Int, _ granularity: Scheme.Granularity,
    points: Scheme.Points, activations: ActivationQuantizer? = nil
  ) throws {
    let (rows, columns) = (Self.shape.rows, Self.shape.columns)
    let scheme = try Scheme(bits: bits, points: points, granularity: granularity)
    let size = try scheme.groupSize(columns: columns)
    let groups = (columns + size - 1) / size
    var height = 1
    if case .block(let rows, _) = granularity { height = rows }
    let scales = Matrix(rows: rows, columns: groups) { Float($0 / height + $1 + 1) / 16 }
    let offsets = Matrix(rows: rows, columns: groups) { row, group in
      switch points {
      case .symmetric: Float(scheme.middleCode)
      case .table: 0
      case .zeroPoint, .offset: Float(1 + (row + group) % scheme.largestCode)
      }
    }
    // Scales that are quantized once more are those nearest to these.
    let grid = format.encoding(scales: .float16).nearest(
      to: Grid(scheme: scheme, groupSize: size, scales: scales, offsets: offsets))
    let codes = (0..<rows * columns).map { UInt8(7 * $0 % (scheme.largestCode + 1)) }
    let linear = QuantizedLinear(
      QuantizedWeight(
        rows: rows, columns: columns, grid: grid, codes: codes), activations: activations)
    let stated = format.configuration(of: linear.scheme, provenance: nil)
    configuration = (["quantization_config": stated] as JSONValue).bytes(.compact)
    let tensors = format.layout(of: Self.shape, linear.scheme, scales: .float16)
    let elements = format.encode(linear, scales: .float16)
    let path = Scratch.free("stored/\(name)")
    try SafetensorsFile.write(Array(zip(tensors, elements)), to: path)
    let file = try MappedFile(path: path)
    weights = file.copy(0..<file.byteCount)
    self.name = name
    // What was stored can be read, or nothing would be fuzzed.
    let read = try read(configuration: configuration)
    expect(read == linear, "\(name) is read as another Linear")
  }

  /// Reads the Linear, with other bytes where they are given.
  @discardableResult
  func read(
    configuration: [UInt8]? = nil, weights: [UInt8]? = nil
  ) throws -> QuantizedLinear? {
    _ = Scratch.write("stored-\(name)/config.json", configuration ?? self.configuration)
    _ = Scratch.write("stored-\(name)/model.safetensors", weights ?? self.weights)
    let folder = try ModelFolder(path: Scratch.path("stored-\(name)"))
    guard let format = try CheckpointFormats.all.format(of: folder),
      let stated = folder.configuration["quantization_config"]
    else { return nil }
    let linear = try format.decode(Self.shape, in: folder, stated)
    let values = linear.dequantized()
    expect(values.rows == Self.shape.rows && values.columns == Self.shape.columns, "another shape")
    return linear
  }
}
