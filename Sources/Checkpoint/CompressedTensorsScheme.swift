// The part of compressed-tensors' configuration that says how Linears are stored: one group of
// targets. Unknown keys inside a group are errors for its validator, so none are written.

internal import JSON
internal import Quantizer

/// What a configuration of compressed-tensors states of its Linears.
struct CompressedTensorsScheme {
  /// The layouts, by the names that the format gives them.
  enum Layout: String, CaseIterable {
    /// Codes in 32-bit words.
    case packed = "pack-quantized"
    /// A byte for each code.
    case integers = "int-quantized"
    /// The same, under the name of files that no rule of the format's own library fits.
    case naive = "naive-quantized"
  }

  /// How many weights share a scale, by the names that the format gives it.
  enum Strategy: String, CaseIterable {
    case tensor, channel, group
  }

  let layout: Layout
  /// The bits, which may be impossible.
  let bits: Int
  let isSymmetric: Bool
  let strategy: Strategy
  private let groupSize: Int?
  let activations: ActivationScheme?

  /// What is stored for a scheme.
  init(_ scheme: LinearScheme) {
    layout = scheme.activations == nil ? .packed : .integers
    (bits, isSymmetric) = (scheme.weights.bits, scheme.weights.isSymmetric)
    activations = scheme.activations
    switch scheme.weights.granularity {
    case .group(let size): (strategy, groupSize) = (.group, size)
    case .channel: (strategy, groupSize) = (.channel, nil)
    // Packed weights have a scale for each row at least.
    case .tensor: (strategy, groupSize) = (layout == .packed ? .channel : .tensor, nil)
    }
  }

  /// Reads a configuration that has one group of targets, and nothing beside Linears quantized.
  init(_ configuration: JSONValue) throws(JSONError) {
    let groups = try configuration.member("config_groups").members
    guard groups.count == 1, let group = groups.first?.field else {
      throw .wrongKind(
        path: "config_groups", expected: "one group", found: "\(groups.count) groups")
    }
    // A group may have a format of its own, which then is the one that counts.
    if let format = try group.optionalMember("format") {
      layout = try format.choice()
    } else {
      layout = try configuration.member("format").choice()
    }
    for (name, field) in [
      ("kv_cache_scheme", try configuration.optionalMember("kv_cache_scheme")),
      ("transform_config", try configuration.optionalMember("transform_config")),
      ("output_activations", try group.optionalMember("output_activations")),
    ] {
      if let field, field.value != [:] {
        throw .wrongKind(path: name, expected: "nothing but Linears quantized", found: "a setting")
      }
    }
    let weights = try group.member("weights")
    bits = try weights.member("num_bits").int
    isSymmetric = try weights.optionalMember("symmetric")?.bool ?? true
    groupSize = try weights.optionalMember("group_size")?.int
    try weights.checkInteger()
    if let strategy = try weights.optionalMember("strategy") {
      self.strategy = try strategy.choice()
    } else {
      strategy = groupSize.map { $0 == -1 ? .channel : .group } ?? .tensor
    }
    activations = try group.optionalMember("input_activations").map {
      field throws(JSONError) in try ActivationScheme(field)
    }
  }

  /// The group of targets.
  var json: JSONValue {
    let weights: JSONValue = [
      "num_bits": .number(JSONNumber(bits)), "type": "int", "symmetric": .bool(isSymmetric),
      "strategy": .string(strategy.rawValue),
      "group_size": groupSize.map { .number(JSONNumber($0)) } ?? .null,
      "dynamic": false, "actorder": nil, "block_structure": nil, "observer": "minmax",
      "observer_kwargs": [:],
    ]
    return [
      "targets": ["Linear"], "format": .string(layout.rawValue), "weights": weights,
      "input_activations": activations?.json ?? .null, "output_activations": nil,
    ]
  }
}

extension ActivationScheme {
  /// Reads `input_activations`.
  fileprivate init(_ field: JSONField) throws(JSONError) {
    try field.checkInteger()
    let bits = try field.member("num_bits").int
    guard bits == Self.bits else {
      throw .wrongKind(path: field.path, expected: "\(Self.bits) bits", found: "\(bits) bits")
    }
    // The format's own defaults.
    let isDynamic = try field.optionalMember("dynamic")?.bool ?? false
    let strategy = try field.optionalMember("strategy")?.string ?? (isDynamic ? "token" : "tensor")
    guard strategy == (isDynamic ? "token" : "tensor") else {
      throw .wrongKind(
        path: field.path, expected: "one dynamic scale for each token, or one static scale",
        found: "the strategy \(strategy), \(isDynamic ? "dynamic" : "static")")
    }
    self.init(
      granularity: isDynamic ? .token : .tensor,
      symmetric: try field.optionalMember("symmetric")?.bool ?? true)
  }

  fileprivate var json: JSONValue {
    let isDynamic = granularity == .token
    return [
      "num_bits": .number(JSONNumber(Self.bits)), "type": "int", "symmetric": .bool(isSymmetric),
      "strategy": isDynamic ? "token" : "tensor", "group_size": nil,
      "dynamic": .bool(isDynamic), "actorder": nil, "block_structure": nil,
      "observer": isDynamic ? nil : "minmax", "observer_kwargs": [:],
    ]
  }
}

extension JSONField {
  /// The string here, which must name a case.
  fileprivate func choice<Choice: RawRepresentable & CaseIterable>() throws(JSONError) -> Choice
  where Choice.RawValue == String {
    let text = try string
    guard let choice = Choice(rawValue: text) else {
      throw .wrongKind(
        path: path, expected: Choice.allCases.map(\.rawValue).joined(separator: ", "), found: text)
    }
    return choice
  }

  /// Checks that `type` is that of integers.
  fileprivate func checkInteger() throws(JSONError) {
    let type = try optionalMember("type")?.string ?? "int"
    guard type == "int" else {
      throw .wrongKind(path: "\(path).type", expected: "int", found: type)
    }
  }
}
