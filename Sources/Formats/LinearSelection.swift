internal import JSON

/// Which Linears are quantized, when that is not exactly all Linears of the decoder blocks.
///
/// Names are whole Hugging Face keys, without `.weight`.
public struct LinearSelection: Sendable, Equatable {
  /// The quantized Linears.
  public let quantized: [String]
  /// The Linears that stay in floating point.
  public let dense: [String]
  /// The parts of a composite model that stay in floating point as a whole, such as `vision_tower`; a module
  /// belongs to one if its name has it anywhere, since readers rename what stands in front.
  public let foreign: [String]
  /// The head, where it is quantized.
  public let head: String?

  /// A selection, or nil when nothing but the head stays in floating point.
  public init?(
    quantized: [String], dense: [String], foreign: [String] = [], head: String? = nil
  ) {
    guard !dense.isEmpty || !foreign.isEmpty || head != nil else { return nil }
    self.quantized = quantized
    self.dense = dense
    self.foreign = foreign
    self.head = head
  }
}

extension JSONValue {
  /// An array of strings.
  static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

  /// An object of members in order, whose names are all different.
  static func members(_ members: [(String, JSONValue)]) -> JSONValue {
    var object = JSONObject()
    for (name, value) in members { object[name] = value }
    return .object(object)
  }
}
