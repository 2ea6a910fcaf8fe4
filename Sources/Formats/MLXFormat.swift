// The "affine" mode of mlx, which mlx-lm reads on Apple silicon and elsewhere. For a Linear P with weights
// [out, in], b bits, G groups in a row:
//
//   P.weight  uint32  [out, in·b/32]   codes along each row
//   P.scales  scales  [out, G]         s of  ŵ = s·q + o
//   P.biases  scales  [out, G]         o; P.bias is the Linear's own
//
// Nothing but config.json names the format:
//
//   "quantization": {"group_size": 64, "bits": 4, "mode": "affine",
//                    "model.layers.0.mlp.down_proj": {"group_size": 64, "bits": 6}, "lm_head": false}

public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

/// MLX: 2, 3, 4, 5, 6 and 8 bits in groups of 32, 64 or 128, with a floating-point offset for each.
///
/// A symmetric grid is stored with the offset −2^(b−1)·s, which is exact.
public struct MLXFormat: CheckpointFormat {
  /// The format; it has no options.
  public init() {}

  /// The name of the format, as commands and reports spell it.
  public let name = "mlx"

  /// One line of help.
  public let summary = "the affine mode of mlx, for mlx-lm on Macs"

  /// The smallest zero point that can be stored, as an offset.
  public let smallestZeroPoint = 0

  /// Each group has one.
  public let storesOffsets = true

  /// Eight, whatever the Linears have: that loses nothing, where four lose as much as in all Linears together.
  public let tableBits: Int? = 8

  /// A module like others.
  public let holdsHead = true

  /// The name of a file that repeats the configuration, where readers look for one.
  public let configurationFile: String? = nil

  /// mlx-lm reads the first and writes both; the Hub looks for the second.
  public let configurationMembers = ["quantization", "quantization_config"]

  /// The type of the original weights, in which mlx computes.
  public func scaleFormat(for weights: FloatFormat) -> FloatFormat { weights }

  /// The name of the tensor that holds a Linear's scales.
  public func scaleTensor(of linear: String) -> String { "\(linear).scales" }

  /// The tensors that store a Linear, without their elements.
  public func layout(
    of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat
  ) -> [NamedShape] {
    let (rows, columns, bits) = (linear.rows, linear.columns, scheme.weights.bits)
    let groups = columns / scheme.weights.storedGroupSize(columns: columns)
    return [
      NamedShape(
        "\(linear.name).weight", .uint32, [rows, PackedCodes.wordCount(of: columns, bits: bits)]),
      NamedShape(scaleTensor(of: linear.name), TensorType(scales), [rows, groups]),
      NamedShape("\(linear.name).biases", TensorType(scales), [rows, groups]),
    ]
  }

  /// The elements of those tensors, in the same order.
  ///
  /// - Precondition: the grid is symmetric or has offsets; ``EngineRules`` refuse all others.
  public func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    let (weight, grid) = (linear.weight, linear.weight.grid)
    precondition([.symmetric, .offset].contains(grid.scheme.points), "\(grid.scheme) as mlx")
    let words = PackedCodes(
      weight.codes, rows: weight.rows, columns: weight.columns, bits: grid.scheme.bits, .alongRows
    ).words
    let offsets =
      grid.scheme.isSymmetric
      ? grid.scales.elements.map { -Float(grid.scheme.middleCode) * $0 } : grid.offsets.elements
    return [littleEndian(words), scales.encode(grid.scales.elements), scales.encode(offsets)]
  }

  /// The base of the rotation, and how it is stretched, also at the top: mlx-lm 0.32 reads them from there for most
  /// architectures, and takes 10,000 and nothing where transformers 5 has written `rope_parameters` alone.
  public func restated(_ configuration: JSONValue) throws(JSONError) -> JSONValue {
    guard case .object(let rope)? = configuration["rope_parameters"], let base = rope["rope_theta"]
    else {
      return configuration
    }
    var result = configuration
    if result["rope_theta"] == nil { try result.setMember("rope_theta", to: base) }
    if result["rope_scaling"] ?? .null == .null, let type = rope["rope_type"], type != "default" {
      var scaling = rope
      scaling["rope_theta"] = nil
      try result.setMember("rope_scaling", to: .object(scaling))
    }
    return result
  }

  /// Modules may have settings of their own.
  public let holdsSeveralSchemes = true

  /// The value of both members for one scheme.
  public func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    configuration(
      of: [SchemeGroup(scheme, linears: [])], leaving: selection, provenance: provenance)
  }

  /// The value of both members: the settings of most Linears, and those of each other one by its name.
  ///
  /// The provenance is left out, because readers take every other member for a module.
  public func configuration(
    of groups: [SchemeGroup], leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    let settings = groups.map { MLXStatement($0.scheme.weights) }
    let most = groups.indices.max { groups[$0].linears.count < groups[$1].linears.count } ?? 0
    var members = settings[most].members + [("mode", "affine")]
    for (group, setting) in zip(groups, settings) where setting != settings[most] {
      members += group.linears.map { ($0, .members(setting.members)) }
    }
    return .members(members + (selection?.dense ?? []).map { ($0, false) })
  }

  /// Whether a configuration describes this format, which is the only one that does not say its name.
  public func recognizes(_ configuration: JSONValue) -> Bool {
    configuration["quant_method"] == nil && configuration["bits"] != nil
      && configuration["group_size"] != nil
  }

  /// Reads a Linear back.
  ///
  /// Its scheme is symmetric when all offsets are −2^(b−1) times their positive scales.
  ///
  /// - Throws: ``CheckpointError`` when tensors are missing or contradict the configuration.
  public func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    let (rows, columns, name) = (linear.rows, linear.columns, scaleTensor(of: linear.name))
    let stored = try MLXStatement(of: linear, in: folder, configuration)
    let groups = columns / stored.groupSize
    let scheme = try folder.scheme(
      stored.bits, points: .offset, .group(stored.groupSize))
    let grid = Grid(
      scheme: scheme, groupSize: stored.groupSize,
      scales: try folder.matrix(name, rows: rows, columns: groups),
      offsets: try folder.matrix("\(linear.name).biases", rows: rows, columns: groups))
    let symmetric = try folder.scheme(
      stored.bits, points: .symmetric, .group(stored.groupSize))
    let codes = try folder.packedCodes(
      "\(linear.name).weight", [rows, PackedCodes.wordCount(of: columns, bits: stored.bits)])
    return QuantizedLinear(
      QuantizedWeight(
        rows: rows, columns: columns, grid: grid.stated(as: symmetric) ?? grid,
        codes: codes.unpacked(rows: rows, columns: columns, bits: stored.bits, .alongRows)))
  }
}
