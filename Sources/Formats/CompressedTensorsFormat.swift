public import Checkpoint
public import JSON
public import LinearAlgebra
public import Quantizer

/// compressed-tensors 0.19, as llm-compressor writes it and vLLM, SGLang and transformers read it.
///
/// Integers are packed: 2 to 8 bits, symmetric or not, by group or by row. Those of 8 bits beside rounded
/// activations are symmetric, with a scale for each row or for the whole matrix, and take a byte each. Floats of
/// 4 and 8 bits have types of their own.
public struct CompressedTensorsFormat: CheckpointFormat {
  /// What is stored for weights.
  public let type: CompressedTensorsType
  /// What keys and values are rounded to in memory; nil for nothing.
  public let cache: ActivationScheme.Number?

  /// The format with a given type.
  public init(_ type: CompressedTensorsType = .integers, cache: ActivationScheme.Number? = nil) {
    self.type = type
    self.cache = cache
  }

  /// The name of the format, as commands and reports spell it.
  public let name = "compressed-tensors"

  /// One line of help.
  public let summary =
    "packed integers or FP4, or int8 or FP8 with activations, for vLLM, SGLang and transformers"

  /// The smallest zero point that can be stored.
  public let smallestZeroPoint = 0

  /// The name of a file that repeats the configuration, where readers look for one.
  public let configurationFile: String? = nil

  /// The type of the original weights.
  public func scaleFormat(for weights: FloatFormat) -> FloatFormat { weights }

  /// That of the type.
  public var standardScheme: Scheme? { type.scheme }

  /// Those of the type.
  public var standardActivations: ActivationScheme? { type.activations }

  /// The words for the types but integers.
  public var types: [String] {
    CompressedTensorsType.allCases.filter { $0 != .integers }.map(\.rawValue)
  }

  /// The format with another type.
  public func storing(type: String) -> (any CheckpointFormat)? {
    types.contains(type)
      ? CompressedTensorsType(rawValue: type).map { Self($0, cache: cache) } : nil
  }

  /// The format with scales of keys and values.
  public func storing(cache: ActivationScheme.Number) -> (any CheckpointFormat)? {
    Self(type, cache: cache)
  }

  /// The name of the type as well, if it is not integers, and what becomes of keys and values.
  public var label: String {
    let words = [
      type == .integers ? nil : type.rawValue,
      cache.map { $0 == .float ? "cache fp8" : "cache int8" },
    ]
    return ([name] + words.compactMap(\.self)).joined(separator: " ")
  }

  /// The name of the type with a scheme.
  public func typeName(of scheme: Scheme) -> String? { CompressedTensorsType(scheme)?.rawValue }

  /// Scales in the type of the original weights, or those of the type.
  public func encoding(scales: FloatFormat) -> any GridEncoding {
    type.encoding ?? SeparateEntries(scaleFormat: scales)
  }

  /// Scales in the type of the original weights, or those of the scheme's type.
  public func encoding(of scheme: Scheme, scales: FloatFormat) -> any GridEncoding {
    CompressedTensorsType(scheme)?.encoding ?? SeparateEntries(scaleFormat: scales)
  }

  /// The name of the tensor that holds a Linear's scales.
  public func scaleTensor(of linear: String) -> String { "\(linear).weight_scale" }

  /// The tensors that store a Linear, without their elements.
  public func layout(
    of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat
  ) -> [NamedShape] {
    switch CompressedTensorsScheme.Layout(scheme) {
    case .packed: PackedLayout.tensors(of: linear, scheme.weights, scales: scales)
    case .integers, .naive, .floats: ByteLayout.tensors(of: linear, scheme, scales: scales)
    case .nvfp4: FP4Layout.tensors(of: linear, .nvfp4, scheme.activations)
    case .mxfp4: FP4Layout.tensors(of: linear, .mxfp4, scheme.activations)
    }
  }

  /// The elements of those tensors, in the same order.
  public func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    switch CompressedTensorsScheme.Layout(linear.scheme) {
    case .packed: PackedLayout.encode(linear.weight, scales: scales)
    case .integers, .naive, .floats: ByteLayout.encode(linear, scales: scales)
    case .nvfp4: FP4Layout.encode(linear, .nvfp4)
    case .mxfp4: FP4Layout.encode(linear, .mxfp4)
    }
  }

  /// The head is a Linear, under a name that is not ignored then.
  public let holdsHead = true

  /// Each group of targets has its own scheme.
  public let holdsSeveralSchemes = true

  /// Each group has a format of its own as well.
  public let holdsSeveralLayouts = true

  /// The value of `quantization_config` when all Linears have one scheme.
  ///
  /// The target is the class, so the file does not depend on names that engines change.
  public func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    let stored = CompressedTensorsScheme(scheme)
    // To vLLM the head has a class of its own.
    let targets = ["Linear"] + [selection?.head].compactMap(\.self)
    return configuration(
      stored.layout.rawValue, ["group_0": stored.json(targets: targets)], selection, provenance)
  }

  /// The value of `quantization_config`, with the whole names of Linears as targets where schemes
  /// differ.
  ///
  /// No group has the class as its target then: vLLM looks for the class of a merged matrix (q, k
  /// and v; gate and up) before it looks for the names of the parts, and would find that group for
  /// all of them.
  public func configuration(
    of groups: [SchemeGroup], leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    guard groups.count > 1 else {
      return configuration(of: groups[0].scheme, leaving: selection, provenance: provenance)
    }
    let stored = groups.map { CompressedTensorsScheme($0.scheme) }
    let layout = stored[0].layout
    let isMixed = stored.contains { $0.layout != layout }
    let members = zip(groups, stored).enumerated().map { index, group in
      ("group_\(index)", group.1.json(targets: group.0.linears))
    }
    return configuration(
      isMixed ? "mixed-precision" : layout.rawValue, .members(members), selection, provenance)
  }

  private func configuration(
    _ layout: String, _ groups: JSONValue, _ selection: LinearSelection?,
    _ provenance: JSONValue
  ) -> JSONValue {
    let foreign = selection?.foreign.map { "re:.*\($0).*" } ?? []
    let head = selection?.head == nil ? ["lm_head"] : []
    return [
      "quant_method": "compressed-tensors", "format": .string(layout),
      "quantization_status": "compressed", "global_compression_ratio": nil,
      "kv_cache_scheme": cache.map { ActivationScheme.cache($0).json } ?? .null,
      "ignore": .strings((selection?.dense ?? []) + foreign + head),
      "config_groups": groups,
      "sparsity_config": [:], "transform_config": [:],
      // Readers ignore unknown keys at this level, but refuse them inside a scheme.
      "provenance": provenance, "version": "0.19.0",
    ]
  }

  /// Whether a `quantization_config` describes this format, or the FP8 of DeepSeek and Qwen.
  public func recognizes(_ configuration: JSONValue) -> Bool {
    configuration["quant_method"] == "compressed-tensors"
      || FineGrainedFP8.recognizes(configuration)
  }

  /// Reads a Linear back.
  ///
  /// - Throws: ``CheckpointError`` when tensors are missing or contradict the configuration.
  public func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    if FineGrainedFP8.recognizes(configuration) {
      return try FineGrainedFP8.decode(linear, in: folder, configuration)
    }
    let stored: CompressedTensorsScheme
    do throws(JSONError) {
      stored = try CompressedTensorsScheme(configuration, of: linear.name)
      _ = try CacheScales.scheme(in: configuration)
    } catch {
      throw .json(path: "\(folder.path)/config.json", cause: error)
    }
    return QuantizedLinear(
      try weight(of: linear, in: folder, stored),
      activations: try stored.activations.map { scheme throws(CheckpointError) in
        try folder.activations(of: linear, scheme)
      })
  }

  private func weight(
    of linear: LinearShape, in folder: ModelFolder, _ stored: CompressedTensorsScheme
  ) throws(CheckpointError) -> QuantizedWeight {
    switch stored.layout {
    case .nvfp4: return try FP4Layout.decode(linear, .nvfp4, in: folder)
    case .mxfp4: return try FP4Layout.decode(linear, .mxfp4, in: folder)
    case .packed, .integers, .naive, .floats: break
    }
    let (scales, groups) = try folder.scales(of: linear, stored)
    let scheme = try folder.scheme(
      stored.bits, points: stored.points,
      stored.strategy == .tensor ? .tensor : groups.granularity)
    let grid = Grid(
      scheme: scheme, groupSize: groups.size, scales: scales,
      offsets: try folder.offsets(of: linear, stored, scheme, groups: scales.columns),
      columnGroups: groups.columns)
    let codes =
      switch stored.layout {
      case .packed: try PackedLayout.codes(of: linear, bits: scheme.bits, in: folder)
      case .floats: try ByteLayout.floatCodes(of: linear, in: folder)
      default: try ByteLayout.codes(of: linear, bits: scheme.bits, in: folder)
      }
    return QuantizedWeight(rows: linear.rows, columns: linear.columns, grid: grid, codes: codes)
  }
}
