// The part of compressed-tensors' configuration that says how Linears are stored: the groups of
// targets. The library's own validator refuses unknown keys inside a group, so none are written.

internal import JSON
internal import Quantizer

/// How a configuration of compressed-tensors says that Linears are stored.
struct CompressedTensorsScheme {
  /// The layouts, by the names that the format gives them.
  enum Layout: String, CaseIterable {
    /// Codes in 32-bit words.
    case packed = "pack-quantized"
    /// A byte for each code.
    case integers = "int-quantized"
    /// The same, under the name that the format's library gives to anything it has no rule for.
    case naive = "naive-quantized"
    /// Floats of 8 bits.
    case floats = "float-quantized"
    /// Floats of 4 bits, with scales of 8 bits.
    case nvfp4 = "nvfp4-pack-quantized"
    /// Floats of 4 bits, with powers of two as scales.
    case mxfp4 = "mxfp4-pack-quantized"

    /// How weights of a scheme are stored: those of less than 8 bits packed, whatever becomes of inputs.
    init(_ scheme: LinearScheme) {
      switch CompressedTensorsType(scheme.weights) {
      case .fp8, .fp8Block: self = .floats
      case .nvfp4: self = .nvfp4
      case .mxfp4: self = .mxfp4
      case .integers, nil:
        self = scheme.activations != nil && scheme.weights.bits == 8 ? .integers : .packed
      }
    }

    /// Whether weights are floats.
    var isFloat: Bool {
      switch self {
      case .packed, .integers, .naive: false
      case .floats, .nvfp4, .mxfp4: true
      }
    }
  }

  /// How many weights share a scale, in the format's terms.
  enum Strategy: String, CaseIterable {
    case tensor, channel, group, block
    /// Groups, with another scale for all of them.
    case tensorGroup = "tensor_group"
  }

  let layout: Layout
  /// The number of bits as read, which may be one that no scheme has.
  let bits: Int
  let isSymmetric: Bool
  let strategy: Strategy
  let groupSize: Int?
  /// The rows and columns that share a scale, where several of both do.
  let block: (rows: Int, columns: Int)?
  let activations: ActivationScheme?

  /// How a scheme is stored.
  init(_ scheme: LinearScheme) {
    layout = Layout(scheme)
    (bits, isSymmetric) = (scheme.weights.bits, scheme.weights.isSymmetric)
    activations = scheme.activations
    switch scheme.weights.granularity {
    case .group(let size):
      (strategy, groupSize, block) = (layout == .nvfp4 ? .tensorGroup : .group, size, nil)
    case .channel: (strategy, groupSize, block) = (.channel, nil, nil)
    // Packed weights have at least one scale for each row.
    case .tensor: (strategy, groupSize, block) = (layout == .packed ? .channel : .tensor, nil, nil)
    case .block(let rows, let columns):
      (strategy, groupSize, block) = (.block, nil, (rows, columns))
    }
  }

  /// Reads how a configuration, in which nothing but Linears is quantized, stores one of them.
  init(_ configuration: JSONValue, of linear: String) throws(JSONError) {
    let group = try Self.group(of: linear, configuration.member("config_groups"))
    // Where a group has a format of its own, that one counts.
    if let format = try group.optionalMember("format") {
      layout = try format.choice()
    } else {
      layout = try configuration.member("format").choice()
    }
    for (name, field) in [
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
    try weights.check(type: layout.isFloat ? "float" : "int")
    guard layout != .floats || bits == 8 else {
      throw .wrongKind(
        path: "\(weights.path).num_bits", expected: "8, the bits of float-quantized",
        found: "\(bits)")
    }
    if let strategy = try weights.optionalMember("strategy") {
      self.strategy = try strategy.choice()
    } else {
      strategy = groupSize.map { $0 == -1 ? .channel : .group } ?? .tensor
    }
    guard strategy != .block || layout == .floats else {
      throw .wrongKind(
        path: "\(weights.path).strategy", expected: "blocks of float-quantized only",
        found: layout.rawValue)
    }
    block = strategy == .block ? try weights.member("block_structure").block : nil
    activations = try group.optionalMember("input_activations").map {
      field throws(JSONError) in try ActivationScheme(field)
    }
  }

  /// The group of targets that a Linear belongs to.
  ///
  /// The tensors say which Linears are quantized, so the targets of a single group do not matter.
  private static func group(
    of linear: String, _ field: JSONField
  ) throws(JSONError) -> JSONField {
    let groups = try field.members.map(\.field)
    if groups.count == 1 { return groups[0] }
    guard let index = try CompressedTensorsTargets(groups).group(of: linear) else {
      throw .wrongKind(
        path: field.path, expected: "a group with a target for \(linear)",
        found: "\(groups.count) groups without one")
    }
    return groups[index]
  }

  /// Which values codes stand for, where a layout of 4-bit floats does not say it.
  var points: Scheme.Points {
    layout == .floats ? .table(.e4m3) : isSymmetric ? .symmetric : .zeroPoint
  }

  /// The type of the scales where they are not those of the model's weights.
  private var scaleType: String? {
    switch layout {
    case .packed, .integers, .naive, .floats: nil
    case .nvfp4: "torch.float8_e4m3fn"
    case .mxfp4: "torch.uint8"
    }
  }

  /// The group of given targets as it is written.
  func json(targets: [String]) -> JSONValue {
    let isFloat = layout.isFloat
    var weights: [(String, JSONValue)] = [
      ("num_bits", .number(JSONNumber(bits))), ("type", isFloat ? "float" : "int"),
      ("symmetric", .bool(isSymmetric || isFloat)), ("strategy", .string(strategy.rawValue)),
      ("group_size", groupSize.map { .number(JSONNumber($0)) } ?? .null), ("dynamic", false),
      ("actorder", nil),
      (
        "block_structure",
        block.map { .array([$0.rows, $0.columns].map { .number(JSONNumber($0)) }) } ?? .null
      ),
      ("observer", "minmax"),
      ("observer_kwargs", [:]),
    ]
    // Older readers refuse a member that they do not know.
    if let scaleType { weights.append(("scale_dtype", .string(scaleType))) }
    return [
      "targets": .strings(targets), "format": .string(layout.rawValue),
      "weights": .members(weights),
      "input_activations": activations?.json ?? .null, "output_activations": nil,
    ]
  }
}

extension JSONField {
  /// The case that the string here names.
  fileprivate func choice<Choice: RawRepresentable & CaseIterable>() throws(JSONError) -> Choice
  where Choice.RawValue == String {
    let text = try string
    guard let choice = Choice(rawValue: text) else {
      throw .wrongKind(
        path: path, expected: Choice.allCases.map(\.rawValue).joined(separator: ", "), found: text)
    }
    return choice
  }

  /// Whether `type` says floats, not integers.
  var isFloat: Bool {
    get throws(JSONError) {
      let type = try optionalMember("type")?.string ?? "int"
      guard ["int", "float"].contains(type) else {
        throw .wrongKind(path: "\(path).type", expected: "int or float", found: type)
      }
      return type == "float"
    }
  }

  /// Checks that `type` says integers, or floats.
  fileprivate func check(type needed: String) throws(JSONError) {
    guard try isFloat == (needed == "float") else {
      throw .wrongKind(
        path: "\(path).type", expected: needed, found: needed == "float" ? "int" : "float")
    }
  }
  /// The two sides of a block, as an array or, in old files, as a text such as 128x128.
  var block: (rows: Int, columns: Int) {
    get throws(JSONError) {
      var sides: [Int] = []
      if case .string(let text) = value {
        sides = text.split(separator: "x").compactMap { Int($0) }
      } else {
        sides = try ints
      }
      guard sides.count == 2, sides.allSatisfy(Self.sides.contains) else {
        throw .wrongKind(
          path: path, expected: "two sides of a block, each up to \(Self.sides.upperBound)",
          found: "\(sides)")
      }
      return (sides[0], sides[1])
    }
  }

  /// How many rows, columns or inputs may share a scale.
  static var sides: ClosedRange<Int> { 1...65536 }
}
