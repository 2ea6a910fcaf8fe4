// A JSON value that preserves what the text says.
//
// It differs from decoding into Swift dictionaries in two ways. Numbers keep their literal and
// objects the order of their members: a file that is read, extended by a member and written again
// differs only in that member. And strings are compared by their UTF-8 bytes, whereas Swift's `==`
// considers a composed and a decomposed "é" equal, which would merge two tokens of a vocabulary.

/// A JSON value that preserves the order of members and the literals of numbers.
///
/// ```swift
/// var config = try JSONValue(parsing: text)
/// let layers = config["num_hidden_layers"]
/// try config.setMember("quantization_config", to: ["bits": 4, "sym": true])
/// let written = config.text(.pretty)
/// ```
public enum JSONValue: Sendable {
  /// The literal `null`.
  case null
  /// The literals `true` and `false`.
  case bool(Bool)
  /// A number.
  case number(JSONNumber)
  /// A string, with its escapes resolved.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object.
  case object(JSONObject)

  /// The kind of this value for messages, such as "a number" or "an object".
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// The value of the member with a given name, or nil if there is none or this is not an object.
  public subscript(name: String) -> JSONValue? {
    if case .object(let object) = self { object[name] } else { nil }
  }

  /// Sets the value of a member: an existing one keeps its position, a new one is appended.
  ///
  /// - Parameters:
  ///   - name: The name of the member.
  ///   - value: Its new value.
  /// - Throws: `JSONError.wrongKind` if this value is not an object.
  public mutating func setMember(_ name: String, to value: JSONValue) throws(JSONError) {
    var object = try field.object
    self = .null  // Keeps the members uniquely referenced, so that they are changed in place.
    object[name] = value
    self = .object(object)
  }

  /// Removes a member, if it exists; the others keep their order.
  ///
  /// - Parameter name: The name of the member.
  /// - Returns: The value of the removed member.
  /// - Throws: `JSONError.wrongKind` if this value is not an object.
  @discardableResult
  public mutating func removeMember(_ name: String) throws(JSONError) -> JSONValue? {
    var object = try field.object
    let removed = object[name]
    object[name] = nil
    self = .object(object)
    return removed
  }
}

extension JSONValue: Equatable {
  /// Whether both values are written as the same bytes.
  ///
  /// So `1` and `1.0` are different, as are composed and decomposed strings, and objects whose
  /// members have another order.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): ByteString(a) == ByteString(b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Creates `null`.
  public init(nilLiteral: ()) { self = .null }

  /// Creates a boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }

  /// Creates a number from an integer.
  public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }

  /// Creates a number from a finite floating-point literal.
  public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }

  /// Creates a string.
  public init(stringLiteral value: String) { self = .string(value) }

  /// Creates an array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

  /// Creates an object with the members in the order of the literal.
  ///
  /// - Precondition: The names are distinct.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (name, value) in elements {
      precondition(object[name] == nil, "the member \(name) occurs twice in a JSON literal")
      object[name] = value
    }
    self = .object(object)
  }
}
