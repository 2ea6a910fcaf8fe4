public import Checkpoint
public import JSON
public import Quantizer

/// The scales of keys and values in compressed-tensors, which vLLM uses where it keeps them in 8 bits.
///
///     P.k_scale   float32 [1]   of the attention P
///     P.v_scale   float32 [1]
public enum CacheScales {
  /// The tensors of an attention module.
  public static func tensors(of module: String) -> [NamedShape] {
    ["k_scale", "v_scale"].map { NamedShape("\(module).\($0)", .float32, [1]) }
  }

  /// The scales of an attention module: of keys, then of values.
  ///
  /// - Throws: ``CheckpointError`` if one is missing, or is not a positive number.
  public static func read(
    of module: String, in folder: ModelFolder
  ) throws(CheckpointError) -> [Float] {
    var scales: [Float] = []
    for name in tensors(of: module).map(\.name) {
      guard let tensor = folder.tensor(name) else {
        throw .missingTensor(name: name, folder: folder.path)
      }
      let values = try folder.floats(name, dimensions: tensor.shape.dimensions)
      guard values.count == 1, let scale = values.first, scale > 0 else {
        throw .tensor(name: name, path: tensor.path, reason: "must be one positive number")
      }
      scales.append(scale)
    }
    return scales
  }

  /// What a `quantization_config` says of keys and values; nil for nothing.
  ///
  /// - Throws: ``JSONError`` for anything but one symmetric scale of each.
  public static func scheme(in configuration: JSONValue) throws(JSONError) -> ActivationScheme? {
    guard let field = try configuration.optionalMember("kv_cache_scheme") else { return nil }
    let scheme = try ActivationScheme(field)
    guard scheme.granularity == .tensor, scheme.isSymmetric else {
      throw .wrongKind(
        path: field.path, expected: "one symmetric, static scale", found: "another scheme")
    }
    return scheme
  }
}

extension ActivationScheme {
  /// One scale for all keys, and one for all values.
  public static func cache(_ number: Number) -> ActivationScheme {
    number == .float
      ? ActivationScheme(floatsBy: .tensor)
      : ActivationScheme(granularity: .tensor, symmetric: true)
  }
}
