// One JSON value, kept as it was written.
//
// Two promises separate this type from a decoder to Swift dictionaries. Numbers keep their literal
// text and objects the order of their members, so a file that is read, given one member more and
// written again differs in that member only. And text is compared by its UTF-8 bytes: Swift's `==`
// calls a composed and a decomposed "é" equal, a vocabulary must not.

/// A JSON value: what a text says, with member order and number literals preserved.
///
/// ```swift
/// var config = try JSONValue(parsing: text)
/// let layers = try config.member("num_hidden_layers").int
/// try config.setMember("quantization_config", to: ["bits": 4, "sym": true])
/// let written = config.text(.pretty)
/// ```
public enum JSONValue: Sendable {
  /// The literal `null`.
  case null
  /// The literals `true` and `false`.
  case bool(Bool)
  /// A number, as its literal text.
  case number(JSONNumber)
  /// A string, without its quotes and escapes.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object, its members in the order of the text.
  case object(JSONObject)

  /// The kind of this value with its article, for messages: "a number", "an object".
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

  /// The value of the member with this name, or nil where there is none or this is no object.
  public subscript(name: String) -> JSONValue? {
    if case .object(let object) = self { object[name] } else { nil }
  }

  /// Replaces the member with this name in place, or appends it.
  ///
  /// - Parameters:
  ///   - name: The name of the member.
  ///   - value: Its new value.
  /// - Throws: `JSONError.wrongKind` where this value is no object.
  public mutating func setMember(_ name: String, to value: JSONValue) throws(JSONError) {
    var object = try field.object
    self = .null  // The members stay uniquely referenced, so that they change in place.
    object[name] = value
    self = .object(object)
  }

  /// Removes the member with this name, if there is one; the others keep their order.
  ///
  /// - Parameter name: The name of the member.
  /// - Returns: The value removed.
  /// - Throws: `JSONError.wrongKind` where this value is no object.
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
  /// Whether both values would be written as the same bytes: `1` and `1.0` are different numbers,
  /// strings are compared by UTF-8 bytes, and the order of members counts.
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
  /// Makes `null`.
  public init(nilLiteral: ()) { self = .null }

  /// Makes a boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }

  /// Makes a number from an integer.
  public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }

  /// Makes a number from a finite floating-point literal.
  public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }

  /// Makes a string.
  public init(stringLiteral value: String) { self = .string(value) }

  /// Makes an array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

  /// Makes an object whose members keep the order of the literal; each name may occur once.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (name, value) in elements {
      precondition(object[name] == nil, "the member \(name) occurs twice in a JSON literal")
      object[name] = value
    }
    self = .object(object)
  }
}
