// Reading a value by steps, so that an error can say which path led to it.

/// A value and the path to it: what typed reading goes through.
///
/// ```swift
/// let vocabulary = try root.member("model").member("vocab").object
/// // throws "model.vocab: expected an object, found an array"
/// ```
public struct JSONField: Sendable {
  /// The value.
  public let value: JSONValue
  /// The names and indices that led here: "layers[3].bits".
  public let path: String

  /// The member with this name.
  ///
  /// - Parameter name: The name, compared by bytes.
  /// - Returns: The member with its path.
  /// - Throws: `JSONError.wrongKind` where this is no object, `.missingMember` where it lacks one.
  public func member(_ name: String) throws(JSONError) -> JSONField {
    guard let value = try object[name] else { throw .missingMember(path: path(to: name)) }
    return JSONField(value: value, path: path(to: name))
  }

  /// The member with this name, or nil where it is absent or null.
  ///
  /// - Parameter name: The name, compared by bytes.
  /// - Returns: The member with its path, or nil.
  /// - Throws: `JSONError.wrongKind` where this is no object.
  public func optionalMember(_ name: String) throws(JSONError) -> JSONField? {
    guard let value = try object[name], value != .null else { return nil }
    return JSONField(value: value, path: path(to: name))
  }

  /// Whether the value is `null`.
  public var isNull: Bool { value == .null }

  /// The boolean here.
  public var bool: Bool {
    get throws(JSONError) {
      guard case .bool(let bool) = value else { throw wrongKind("a boolean") }
      return bool
    }
  }

  /// The integer here: a number without fraction and exponent that fits 64 bits.
  public var int: Int {
    get throws(JSONError) {
      guard case .number(let number) = value, let int = number.int else {
        throw wrongKind("an integer")
      }
      return int
    }
  }

  /// The number here, as a finite double.
  public var double: Double {
    get throws(JSONError) {
      guard case .number(let number) = value, let double = number.double else {
        throw wrongKind("a number")
      }
      return double
    }
  }

  /// The string here.
  public var string: String {
    get throws(JSONError) {
      guard case .string(let string) = value else { throw wrongKind("a string") }
      return string
    }
  }

  /// The object here.
  public var object: JSONObject {
    get throws(JSONError) {
      guard case .object(let object) = value else { throw wrongKind("an object") }
      return object
    }
  }

  /// The members of the object here, each with its name and path.
  public var members: [(name: String, field: JSONField)] {
    get throws(JSONError) {
      try object.map { ($0.name, JSONField(value: $0.value, path: path(to: $0.name))) }
    }
  }

  /// The elements of the array here, each with its path.
  public var array: [JSONField] {
    get throws(JSONError) {
      guard case .array(let array) = value else { throw wrongKind("an array") }
      return array.enumerated().map { JSONField(value: $1, path: "\(path)[\($0)]") }
    }
  }

  /// The array of integers here.
  public var ints: [Int] {
    get throws(JSONError) { try array.map { field throws(JSONError) in try field.int } }
  }

  /// The array of numbers here.
  public var doubles: [Double] {
    get throws(JSONError) { try array.map { field throws(JSONError) in try field.double } }
  }

  /// The array of strings here.
  public var strings: [String] {
    get throws(JSONError) { try array.map { field throws(JSONError) in try field.string } }
  }

  private func path(to name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The error for a value of another kind, naming a number by its literal.
  private func wrongKind(_ expected: String) -> JSONError {
    var found = value.kind
    if case .number(let number) = value { found = "the number \(number.literal)" }
    return .wrongKind(path: path, expected: expected, found: found)
  }
}

extension JSONValue {
  /// This value as the root of typed reading.
  public var field: JSONField { JSONField(value: self, path: "") }

  /// The member with this name, for typed reading.
  ///
  /// - Parameter name: The name, compared by bytes.
  /// - Returns: The member with its path.
  /// - Throws: `JSONError.wrongKind` where this is no object, `.missingMember` where it lacks one.
  public func member(_ name: String) throws(JSONError) -> JSONField { try field.member(name) }

  /// The member with this name, for typed reading, or nil where it is absent or null.
  ///
  /// - Parameter name: The name, compared by bytes.
  /// - Returns: The member with its path, or nil.
  /// - Throws: `JSONError.wrongKind` where this is no object.
  public func optionalMember(_ name: String) throws(JSONError) -> JSONField? {
    try field.optionalMember(name)
  }
}
