// The "pack-quantized" layout of compressed-tensors 0.19, which llm-compressor writes and vLLM,
// SGLang and transformers read. For a Linear P with weights [out, in], b bits, G groups in a row:
//
//   P.weight_packed      int32 [out, ⌈in·b/32⌉]   codes along each row
//   P.weight_scale       scales [out, G]
//   P.weight_zero_point  int32 [⌈out·b/32⌉, G]    codes along each column; asymmetric only
//   P.weight_shape       int64 [2]                out, in
//
// Codes and zero points are unsigned here: the format's signed values plus 2^(b−1).

public import JSON
public import LinearAlgebra
public import Quantizer

/// compressed-tensors, pack-quantized: 2 to 8 bits, symmetric or not, by group or by row.
public struct CompressedTensorsFormat: CheckpointFormat {
  /// The format; it has no options.
  public init() {}

  /// The word for the format on the command line.
  public let name = "compressed-tensors"

  /// One line of help.
  public let summary = "pack-quantized, for vLLM, SGLang and transformers"

  /// The smallest zero point that can be stored.
  public let smallestZeroPoint = 0

  /// The file that repeats the configuration, if readers want one.
  public let configurationFile: String? = nil

  /// Scales are stored in the type of the weights that they stand for.
  public func scaleFormat(for weights: FloatFormat) -> FloatFormat { weights }

  /// The tensors that a Linear will take, without their elements.
  public func layout(
    of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat
  ) -> [NamedShape] {
    let (rows, columns, bits) = (linear.rows, linear.columns, scheme.weights.bits)
    let groups = columns / scheme.weights.storedGroupSize(columns: columns)
    var result = [
      NamedShape(
        "\(linear.name).weight_packed", .int32,
        [rows, PackedCodes.wordCount(of: columns, bits: bits)]),
      NamedShape("\(linear.name).weight_scale", TensorType(scales), [rows, groups]),
    ]
    if !scheme.weights.isSymmetric {
      result.append(
        NamedShape(
          "\(linear.name).weight_zero_point", .int32,
          [PackedCodes.wordCount(of: rows, bits: bits), groups]))
    }
    result.append(NamedShape("\(linear.name).weight_shape", .int64, [2]))
    return result
  }

  /// The elements of those tensors, in the same order.
  public func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    let weight = linear.weight
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

  /// The value of `quantization_config`.
  public func configuration(of scheme: LinearScheme, provenance: JSONValue) -> JSONValue {
    let scheme = scheme.weights
    var (strategy, groupSize): (JSONValue, JSONValue) = ("channel", nil)
    if case .group(let size) = scheme.granularity {
      (strategy, groupSize) = ("group", .number(JSONNumber(size)))
    }
    let weights: JSONValue = [
      "num_bits": .number(JSONNumber(scheme.bits)), "type": "int",
      "symmetric": .bool(scheme.isSymmetric), "strategy": strategy, "group_size": groupSize,
      "dynamic": false, "actorder": nil, "block_structure": nil, "observer": "minmax",
      "observer_kwargs": [:],
    ]
    return [
      "quant_method": "compressed-tensors", "format": "pack-quantized",
      "quantization_status": "compressed", "global_compression_ratio": nil,
      "kv_cache_scheme": nil, "ignore": ["lm_head"],
      "config_groups": [
        "group_0": [
          "targets": ["Linear"], "format": "pack-quantized", "weights": weights,
          "input_activations": nil, "output_activations": nil,
        ]
      ],
      "sparsity_config": [:], "transform_config": [:],
      // Unknown keys are ignored at this level only; inside a scheme they are refused.
      "provenance": provenance, "version": "0.19.0",
    ]
  }

  /// Whether a `quantization_config` is of this format.
  public func recognizes(_ configuration: JSONValue) -> Bool {
    configuration["quant_method"] == "compressed-tensors"
  }

  /// Reads a Linear back.
  ///
  /// - Throws: ``CheckpointError`` when tensors are missing or do not fit the configuration.
  public func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    let (rows, columns) = (linear.rows, linear.columns)
    let groups = try folder.groups(of: linear, "\(linear.name).weight_scale", axis: 1)
    let scheme = try scheme(configuration, groupSize: columns / groups, folder)
    try folder.checkGroups(linear, groups, "\(linear.name).weight_g_idx")
    let bits = scheme.bits
    let packed = try folder.packedCodes(
      "\(linear.name).weight_packed", [rows, PackedCodes.wordCount(of: columns, bits: bits)])
    let scales = try folder.matrix("\(linear.name).weight_scale", rows: rows, columns: groups)
    var zeros = [UInt8](repeating: UInt8(scheme.middleCode), count: rows * groups)
    if !scheme.isSymmetric {
      zeros = try folder.packedCodes(
        "\(linear.name).weight_zero_point", [PackedCodes.wordCount(of: rows, bits: bits), groups]
      ).unpacked(rows: rows, columns: groups, bits: bits, .alongColumns)
    }
    let grid = Grid(
      scheme: scheme, groupSize: columns / groups, scales: scales, zeroPoints: zeros)
    return QuantizedLinear(
      QuantizedWeight(
        rows: rows, columns: columns, grid: grid,
        codes: packed.unpacked(rows: rows, columns: columns, bits: bits, .alongRows)))
  }

  /// The scheme of a configuration with one group of targets.
  private func scheme(
    _ configuration: JSONValue, groupSize: Int, _ folder: ModelFolder
  ) throws(CheckpointError) -> Scheme {
    let path = "\(folder.path)/config.json"
    guard configuration["format"] == "pack-quantized" else {
      throw .unsupported(
        path: path, reason: "of compressed-tensors, only the format pack-quantized is read")
    }
    do throws(JSONError) {
      let groups = try configuration.member("config_groups").members
      guard groups.count == 1, let group = groups.first else {
        throw .wrongKind(
          path: "config_groups", expected: "one group", found: "\(groups.count) groups")
      }
      let weights = try group.field.member("weights")
      let isSymmetric = try weights.optionalMember("symmetric")?.bool ?? true
      return try Scheme.stored(
        try weights.member("num_bits").int, symmetric: isSymmetric,
        isGrouped: try weights.optionalMember("strategy")?.string == "group", groupSize)
    } catch {
      throw .json(path: path, cause: error)
    }
  }
}
