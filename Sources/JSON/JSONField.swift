// Typed access to values that keeps track of the path, so that errors can name it.

/// A JSON value together with its path, for typed access.
///
/// ```swift
/// let vocabulary = try root.member("model").member("vocab").object
/// // throws "model.vocab: expected an object, found an array"
/// ```
public struct JSONField: Sendable {
  /// The value.
  public let value: JSONValue
  /// The path from the root, such as "layers[3].bits"; empty at the root.
  public let path: String

  /// A value at a path.
  package init(value: JSONValue, path: String) {
    self.value = value
    self.path = path
  }

  /// The member with a given name.
  ///
  /// - Parameter name: The name, compared by UTF-8 bytes.
  /// - Returns: The member.
  /// - Throws: `JSONError.wrongKind` if the value is not an object, `.missingMember` if it has no
  ///   such member.
  public func member(_ name: String) throws(JSONError) -> JSONField {
    guard let value = try object[name] else { throw .missingMember(path: path(to: name)) }
    return JSONField(value: value, path: path(to: name))
  }

  /// The member with a given name, or nil if it is absent or null.
  ///
  /// - Parameter name: The name, compared by UTF-8 bytes.
  /// - Returns: The member, or nil.
  /// - Throws: `JSONError.wrongKind` if the value is not an object.
  public func optionalMember(_ name: String) throws(JSONError) -> JSONField? {
    guard let value = try object[name], value != .null else { return nil }
    return JSONField(value: value, path: path(to: name))
  }

  /// Whether the value is `null`.
  public var isNull: Bool { value == .null }

  /// The value as a boolean.
  public var bool: Bool {
    get throws(JSONError) {
      guard case .bool(let bool) = value else { throw wrongKind("a boolean") }
      return bool
    }
  }

  /// The value as an integer: a number without fraction and exponent that fits into 64 bits.
  public var int: Int {
    get throws(JSONError) {
      guard case .number(let number) = value, let int = number.int else {
        throw wrongKind("an integer")
      }
      return int
    }
  }

  /// The value as a finite double.
  public var double: Double {
    get throws(JSONError) {
      guard case .number(let number) = value, let double = number.double else {
        throw wrongKind("a number")
      }
      return double
    }
  }

  /// The value as a string.
  public var string: String {
    get throws(JSONError) {
      guard case .string(let string) = value else { throw wrongKind("a string") }
      return string
    }
  }

  /// The value as an object.
  public var object: JSONObject {
    get throws(JSONError) {
      guard case .object(let object) = value else { throw wrongKind("an object") }
      return object
    }
  }

  /// The members of the object, in order.
  public var members: [(name: String, field: JSONField)] {
    get throws(JSONError) {
      try object.map { ($0.name, JSONField(value: $0.value, path: path(to: $0.name))) }
    }
  }

  /// The elements of the array.
  public var array: [JSONField] {
    get throws(JSONError) {
      guard case .array(let array) = value else { throw wrongKind("an array") }
      return array.enumerated().map { JSONField(value: $1, path: "\(path)[\($0)]") }
    }
  }

  /// The value as an array of integers.
  public var ints: [Int] {
    get throws(JSONError) { try array.map { field throws(JSONError) in try field.int } }
  }

  /// The value as an array of numbers.
  public var doubles: [Double] {
    get throws(JSONError) { try array.map { field throws(JSONError) in try field.double } }
  }

  /// The value as an array of strings.
  public var strings: [String] {
    get throws(JSONError) { try array.map { field throws(JSONError) in try field.string } }
  }

  private func path(to name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The error for a value of another kind; it states the literal of a number.
  private func wrongKind(_ expected: String) -> JSONError {
    var found = value.kind
    if case .number(let number) = value { found = "the number \(number.literal)" }
    return .wrongKind(path: path, expected: expected, found: found)
  }
}

extension JSONValue {
  /// This value as the root of typed access.
  public var field: JSONField { JSONField(value: self, path: "") }

  /// The member with a given name, for typed access.
  ///
  /// - Parameter name: The name, compared by UTF-8 bytes.
  /// - Returns: The member.
  /// - Throws: `JSONError.wrongKind` if the value is not an object, `.missingMember` if it has no
  ///   such member.
  public func member(_ name: String) throws(JSONError) -> JSONField { try field.member(name) }

  /// The member with a given name, for typed access, or nil if it is absent or null.
  ///
  /// - Parameter name: The name, compared by UTF-8 bytes.
  /// - Returns: The member, or nil.
  /// - Throws: `JSONError.wrongKind` if the value is not an object.
  public func optionalMember(_ name: String) throws(JSONError) -> JSONField? {
    try field.optionalMember(name)
  }
}
