public import JSON
internal import Synchronization

/// A model's configuration as a family reads it: `config.json`, and the names of the stored tensors.
///
/// It remembers which members were read, so that one that matters and that nobody reads can be refused
/// instead of being ignored.
public struct ModelConfiguration: Sendable {
  /// The object of the language model.
  public let field: JSONField
  /// Whether a tensor of this name, or one whose name continues it, is stored.
  private let isStored: @Sendable (String) -> Bool
  private let log = ReadLog()

  /// A configuration.
  ///
  /// - Parameters:
  ///   - field: the object of the language model.
  ///   - isStored: whether a tensor's name begins with a text; by default, no name is known.
  public init(
    _ field: JSONField, isStored: @escaping @Sendable (String) -> Bool = { _ in false }
  ) {
    self.field = field
    self.isStored = isStored
  }

  /// The member with a given name.
  ///
  /// - Throws: ``JSONError`` if there is none.
  public func member(_ name: String) throws(JSONError) -> JSONField {
    log.insert(name)
    return try field.member(name)
  }

  /// The member with a given name, or nil if it is absent or null.
  ///
  /// - Throws: ``JSONError`` if the configuration is not an object.
  public func optionalMember(_ name: String) throws(JSONError) -> JSONField? {
    log.insert(name)
    return try field.optionalMember(name)
  }

  /// The first of these members that exists.
  public func firstMember(_ names: [String]) throws(JSONError) -> JSONField? {
    for name in names { if let found = try optionalMember(name) { return found } }
    return nil
  }

  /// The positive integer of a member, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but a positive integer of at most 2³¹ − 1.
  public func positive(
    _ name: String, default value: Int? = nil, atMost limit: Int = Int(Int32.max)
  ) throws(JSONError) -> Int {
    log.insert(name)
    return try field.positive(name, default: value, atMost: limit)
  }

  /// The positive integer of the first of these members that exists; without any, the default, or the first
  /// is missing.
  ///
  /// - Throws: ``JSONError`` for anything but a positive integer of at most `limit`.
  public func positive(
    any names: [String], default value: Int? = nil, atMost limit: Int = Int(Int32.max)
  ) throws(JSONError) -> Int {
    if let found = try firstMember(names) { return try found.positive(atMost: limit) }
    if let value { return value }
    return try member(names[0]).positive()
  }

  /// The boolean of a member, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but a boolean.
  public func flag(_ name: String, default value: Bool = false) throws(JSONError) -> Bool {
    log.insert(name)
    return try field.flag(name, default: value)
  }

  /// The number of a member, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but a number that a float can hold with what it multiplies.
  public func number(_ name: String, default value: Double) throws(JSONError) -> Double {
    guard let field = try optionalMember(name) else { return value }
    let found = try field.double
    guard abs(found) <= 1e15 else {
      throw .wrongKind(
        path: field.path, expected: "a number of at most 10^15", found: "\(found)")
    }
    return found
  }

  /// What a member multiplies by, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but a number from 10⁻¹⁵ to 10¹⁵: others leave nothing of what they
  ///   multiply, or turn it around.
  public func multiplier(_ name: String, default value: Double) throws(JSONError) -> Double {
    try optionalMember(name)?.multiplier ?? value
  }

  /// The number of a member that counts something, or a default if it is absent.
  ///
  /// - Throws: ``JSONError`` for anything but an integer from 0 to 2³¹ − 1.
  public func natural(_ name: String, default value: Int) throws(JSONError) -> Int {
    try optionalMember(name)?.natural ?? value
  }

  /// Refuses attention that sees later tokens, as models that embed texts have it.
  func requireCausal() throws(JSONError) {
    for (name, value) in [("is_causal", true), ("use_bidirectional_attention", false)] {
      guard let found = try optionalMember(name), found.value != .bool(value) else { continue }
      throw .wrongKind(
        path: found.path,
        expected: "\(value), since models whose tokens see later ones are not supported",
        found: found.value.text(.compact))
    }
  }

  /// Declares that the model does not depend on these members.
  public func ignore(_ names: String...) { for name in names { log.insert(name) } }

  /// The prefix of all tensors of the language model.
  ///
  /// A model that is part of a larger one, or was saved without its head, has another prefix than
  /// usual: the first one under which the first block is stored.
  ///
  /// - Parameters:
  ///   - usual: the prefix that the family has, such as `model.`.
  ///   - layers: the name of the list of blocks below it.
  /// - Returns: the prefix.
  public func prefix(_ usual: String, layers: String) -> String {
    let short = usual.hasPrefix("model.") ? String(usual.dropFirst("model.".count)) : ""
    let candidates =
      [usual, "\(usual)language_model.", short]
      + Self.wrappers.map { "\($0)\(usual)" }
    return candidates.first { isStored("\($0)\(layers).0.") } ?? usual
  }

  /// The key of the head, given its usual one.
  public func head(_ usual: String) -> String {
    ([usual] + Self.wrappers.map { "\($0)\(usual)" }).first { isStored("\($0).weight") } ?? usual
  }

  /// What programs put in front of all names: composite models, classes that hold a model as `model`, and
  /// PEFT.
  private static let wrappers = ["language_model.", "model.", "base_model.model."]

  /// The first member that nobody read although its name says that it changes the model.
  ///
  /// Where the family is only assumed, members about attention count as well: a known family has some that
  /// are left over from others.
  func unreadMember(isAssumed: Bool) throws(JSONError) -> JSONField? {
    for (name, field) in try field.members where !log.contains(name) {
      guard Self.matters(name) || isAssumed && Self.isAboutAttention(name) else { continue }
      if !Self.isNeutral(field.value) { return field }
    }
    return nil
  }

  /// The number of members that were read.
  var readCount: Int {
    get throws(JSONError) { try field.members.count { log.contains($0.name) } }
  }

  private static func isAboutAttention(_ name: String) -> Bool {
    ["window", "attention", "attn", "alibi", "parallel", "layer_types", "clip", "chunk"].contains {
      name.contains($0)
    } && !["drop", "implementation", "fp32"].contains { name.contains($0) }
  }

  private static func matters(_ name: String) -> Bool {
    ["scale", "scaling", "cap", "norm", "rope", "rotary", "bias", "multiplier"].contains {
      name.contains($0)
    } && !name.contains("capacity")
  }

  /// Whether a value asks for nothing.
  private static func isNeutral(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool(false): true
    case .number(let number): number.double == 0
    case .array(let values): values.allSatisfy { $0 == "full_attention" }
    default: false
    }
  }
}

/// The names that were asked for.
private final class ReadLog: Sendable {
  private let names = Mutex(Set<String>())

  func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }
  func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
}
