// The part of compressed-tensors' configuration that says how inputs are rounded. Keys and values in memory take the same
// form.

internal import JSON
internal import Quantizer

extension ActivationScheme {
  /// Reads `input_activations`, or what takes the same form.
  init(_ field: JSONField) throws(JSONError) {
    let isFloat = try field.isFloat
    let bits = try field.member("num_bits").int
    guard bits == 8 || bits == 4 && isFloat else {
      throw .wrongKind(
        path: field.path, expected: "8 bits, or floats of 4 bits", found: "\(bits) bits")
    }
    // The defaults are those of the format.
    let dynamic = try field.optionalMember("dynamic")
    let isLocal = dynamic?.value == "local"
    let isDynamic = isLocal ? true : try dynamic?.bool ?? false
    let size = try field.optionalMember("group_size")?.int
    let strategy =
      try field.optionalMember("strategy")?.string
      ?? (size.map { $0 > 0 } == true ? "group" : isDynamic ? "token" : "tensor")
    func refusal(_ expected: String) -> JSONError {
      .wrongKind(
        path: field.path, expected: expected,
        found: "the strategy \(strategy)\(size.map { " of \($0)" } ?? ""), "
          + (isLocal ? "local" : isDynamic ? "dynamic" : "static"))
    }
    if bits == 4 {
      let words = "4-bit floats in local groups of 16, or in dynamic ones of 32"
      switch (strategy, size, isLocal, isDynamic) {
      case ("tensor_group", 16, true, _): self = .nvfp4
      case ("group", 32, false, true): self = .mxfp4
      default: throw refusal(words)
      }
      return
    }
    let granularity: Granularity
    switch (strategy, isDynamic) {
    case ("token", true) where !isLocal: granularity = .token
    case ("tensor", false): granularity = .tensor
    case ("group", true) where !isLocal:
      guard let size, JSONField.sides.contains(size) else { throw refusal("a size of groups") }
      granularity = .group(size)
    default:
      throw refusal("dynamic scales for each token or for groups of it, or one static scale")
    }
    if isFloat {
      self.init(floatsBy: granularity)
    } else {
      self.init(
        granularity: granularity, symmetric: try field.optionalMember("symmetric")?.bool ?? true)
    }
  }

  /// `input_activations` as it is written.
  var json: JSONValue {
    let isDynamic = granularity != .tensor
    var size: Int?
    if case .group(let columns) = granularity { size = columns }
    let strategy = number == .nvfp4 ? "tensor_group" : size != nil ? "group" : "token"
    var members: [(String, JSONValue)] = [
      ("num_bits", .number(JSONNumber(bits))), ("type", number == .integer ? "int" : "float"),
      ("symmetric", .bool(isSymmetric)), ("strategy", isDynamic ? .string(strategy) : "tensor"),
      ("group_size", size.map { .number(JSONNumber($0)) } ?? .null),
      ("dynamic", number == .nvfp4 ? "local" : .bool(isDynamic)), ("actorder", nil),
      ("block_structure", nil), ("observer", isCalibrated ? "minmax" : nil),
      ("observer_kwargs", [:]),
    ]
    // Older readers refuse a member that they do not know.
    switch number {
    case .integer, .float: break
    case .nvfp4: members.append(("scale_dtype", "torch.float8_e4m3fn"))
    case .mxfp4: members.append(("scale_dtype", "torch.uint8"))
    }
    return .members(members)
  }
}
