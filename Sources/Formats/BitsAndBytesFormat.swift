// The 4-bit layout of bitsandbytes, which transformers and PEFT read. For a Linear P with weights [out, in], in blocks of
// 64 columns:
//
//   P.weight                                  uint8   [out·in/2, 1]      the first of two codes in the high half
//   P.weight.absmax                           float32 [out·in/64]        scales; or, nested,
//                                             uint8   [out·in/64]        their codes
//   P.weight.quant_map                        float32 [16]               the levels
//   P.weight.nested_absmax                    float32 [⌈out·in/64/256⌉]  factors of the codes
//   P.weight.nested_quant_map                 float32 [256]              their levels
//   P.weight.quant_state.bitsandbytes__nf4    uint8   [bytes]            `BitsAndBytesState`

public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

/// bitsandbytes: NF4 or FP4 in groups of 64, with scales that may be quantized once more.
public struct BitsAndBytesFormat: CheckpointFormat {
  /// The levels, and how scales are stored.
  public let type: BitsAndBytesType

  /// The format with a given type.
  public init(_ type: BitsAndBytesType = BitsAndBytesType.allCases[0]) { self.type = type }

  /// The name of the format, as commands and reports spell it.
  public let name = "bitsandbytes"

  /// One line of help.
  public let summary = "NF4 or FP4 with the scales of --type, for transformers and PEFT"

  /// There are none.
  public let smallestZeroPoint = 0

  /// The name of a file that repeats the configuration, where readers look for one.
  public let configurationFile: String? = nil

  /// That of the weights, which the state names; the scales themselves are float32, or bytes.
  public func scaleFormat(for weights: FloatFormat) -> FloatFormat { weights }

  /// Groups of 64 with the levels of the type.
  public var standardScheme: Scheme? {
    try? Scheme(
      bits: 4, points: .table(type.table), granularity: .group(BitsAndBytesType.blockLength))
  }

  /// The name of the type as well.
  public var label: String { "\(name) \(type.name)" }

  /// The words for the types.
  public var types: [String] { BitsAndBytesType.allCases.map(\.name) }

  /// The format with another type.
  public func storing(type name: String) -> (any CheckpointFormat)? {
    BitsAndBytesType.allCases.first { $0.name == name }.map { BitsAndBytesFormat($0) }
  }

  /// Float32 scales, or nested ones.
  public func encoding(scales: FloatFormat) -> any GridEncoding {
    type.isNested ? NestedEncoding() : SeparateEntries(scaleFormat: .float32)
  }

  /// The name of the tensor that holds a Linear's scales.
  public func scaleTensor(of linear: String) -> String { "\(linear).weight.absmax" }

  /// The tensors that store a Linear, without their elements.
  public func layout(
    of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat
  ) -> [NamedShape] {
    let (weight, size) = (
      "\(linear.name).weight", scheme.weights.storedGroupSize(columns: linear.columns)
    )
    let groups = linear.rows * linear.columns / size
    let state = state(of: linear, groupSize: size, scales)
    let blocks = NestedScales.blockCount(of: groups)
    let nested = [
      NamedShape("\(weight).nested_absmax", .float32, [blocks]),
      NamedShape("\(weight).nested_quant_map", .float32, [NestedScales.levels.count]),
    ]
    return [
      NamedShape(weight, .uint8, [linear.rows * linear.columns / 2, 1]),
      NamedShape("\(weight).absmax", type.isNested ? .uint8 : .float32, [groups]),
      NamedShape("\(weight).quant_map", .float32, [16]),
    ] + (type.isNested ? nested : []) + [
      NamedShape(
        BitsAndBytesState.tensorName(of: linear.name, type.table), .uint8, [state.byteCount])
    ]
  }

  /// The elements of those tensors, in the same order.
  ///
  /// - Precondition: the grid has the levels of the type; ``EngineRules`` refuse all others.
  public func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    let (weight, grid) = (linear.weight, linear.weight.grid)
    precondition(grid.scheme.points == .table(type.table), "\(grid.scheme) as \(label)")
    let shape = LinearShape(name: "", rows: weight.rows, columns: weight.columns)
    var state = state(of: shape, groupSize: grid.groupSize, scales)
    let head = [packed(weight.codes)]
    let map = FloatFormat.float32.encode(type.map)
    guard type.isNested else {
      return head + [FloatFormat.float32.encode(grid.scales.elements), map, state.bytes]
    }
    guard let nested = grid.nestedScales else { preconditionFailure("\(label) with free scales") }
    state.offset = nested.offset
    return head + [
      nested.codes, map, FloatFormat.float32.encode(nested.factors),
      FloatFormat.float32.encode(NestedScales.levels), state.bytes,
    ]
  }

  private func state(
    of linear: LinearShape, groupSize: Int, _ weights: FloatFormat
  ) -> BitsAndBytesState {
    BitsAndBytesState(
      type: type, blockLength: groupSize, weights: weights, rows: linear.rows,
      columns: linear.columns)
  }

  /// The codes of a file in pairs.
  private func packed(_ levels: [UInt8]) -> [UInt8] {
    let codes = type.fileCodes
    return stride(from: 0, to: levels.count, by: 2).map {
      codes[Int(levels[$0])] << 4 | codes[Int(levels[$0 + 1])]
    }
  }

  /// The value of `quantization_config`.
  ///
  /// A list of modules that stay dense replaces the one that transformers makes itself, so it has the head as well.
  public func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    let dense = selection.map { JSONValue.strings($0.dense + $0.foreign + ["lm_head"]) }
    return [
      "quant_method": "bitsandbytes", "_load_in_4bit": true, "_load_in_8bit": false,
      "load_in_4bit": true, "load_in_8bit": false,
      "bnb_4bit_quant_type": .string(type.table.name),
      "bnb_4bit_use_double_quant": .bool(type.isNested),
      "bnb_4bit_compute_dtype": "bfloat16", "bnb_4bit_quant_storage": "uint8",
      "llm_int8_enable_fp32_cpu_offload": false, "llm_int8_has_fp16_weight": false,
      "llm_int8_skip_modules": dense ?? .null, "llm_int8_threshold": 6.0,
      "meta": provenance,
    ]
  }

  /// Whether a `quantization_config` describes this format.
  public func recognizes(_ configuration: JSONValue) -> Bool {
    configuration["quant_method"] == "bitsandbytes" && configuration["load_in_8bit"] != true
  }

  /// Reads a Linear back, of whatever type it is.
  ///
  /// - Throws: ``CheckpointError`` when tensors are missing or contradict the state.
  public func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    let state = try BitsAndBytesState(of: linear, in: folder)
    let (rows, columns) = (linear.rows, linear.columns)
    let levels = state.type.levels
    let bytes = try folder.bytes("\(linear.name).weight", [rows * columns / 2, 1])
    let codes = bytes.halves { byte in (levels[Int(byte >> 4)], levels[Int(byte & 15)]) }
    try folder.check("\(linear.name).weight.quant_map", is: state.type.map)
    let scheme = try folder.scheme(4, points: .table(state.type.table), .group(state.blockLength))
    return QuantizedLinear(
      QuantizedWeight(
        rows: rows, columns: columns, grid: try grid(of: linear, state, scheme, in: folder),
        codes: codes))
  }

  private func grid(
    of linear: LinearShape, _ state: BitsAndBytesState, _ scheme: Scheme, in folder: ModelFolder
  ) throws(CheckpointError) -> Grid {
    let (weight, rows) = ("\(linear.name).weight", linear.rows)
    let groups = linear.columns / state.blockLength
    guard state.type.isNested else {
      return Grid(
        scheme: scheme, groupSize: state.blockLength,
        scales: Matrix(
          rows: rows, columns: groups,
          elements: try folder.floats("\(weight).absmax", dimensions: [rows * groups])),
        offsets: Matrix(rows: rows, columns: groups))
    }
    try folder.check("\(weight).nested_quant_map", is: NestedScales.levels)
    let nested = NestedScales(
      codes: try folder.bytes("\(weight).absmax", [rows * groups]),
      factors: try folder.floats(
        "\(weight).nested_absmax", dimensions: [NestedScales.blockCount(of: rows * groups)]),
      offset: state.offset)
    let grid = Grid(
      scheme: scheme, groupSize: state.blockLength, nestedScales: nested,
      offsets: Matrix(rows: rows, columns: groups))
    guard VectorMath.isFinite(grid.scales.elements.span) else {
      throw .tensor(
        name: "\(weight).nested_absmax", path: folder.path,
        reason: "makes scales that are infinite")
    }
    return grid
  }
}

extension ModelFolder {
  /// Checks that a tensor has the levels that its name stands for.
  fileprivate func check(_ name: String, is levels: [Float]) throws(CheckpointError) {
    guard try floats(name, dimensions: [levels.count]) == levels else {
      throw .tensor(name: name, path: path, reason: "has other levels than those of bitsandbytes")
    }
  }
}
