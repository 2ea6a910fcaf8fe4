/// A JSON number, stored as its literal text and converted on demand.
public struct JSONNumber: Sendable, Hashable {
  /// The text of the number, which follows the grammar of RFC 8259.
  public let literal: String

  /// Creates a number from a literal, or returns nil if it is not a JSON number.
  ///
  /// - Parameter literal: The text of the number and nothing else.
  public init?(literal: String) {
    guard let value = try? JSONValue(parsing: literal), case .number(let number) = value,
      number.literal.utf8.count == literal.utf8.count
    else { return nil }
    self = number
  }

  /// Creates a number from an integer.
  ///
  /// - Parameter value: Any integer.
  public init(_ value: Int) { literal = String(value) }

  /// Creates a number with the shortest decimal literal that converts back to the same double.
  ///
  /// - Parameter value: A number.
  /// - Precondition: `value` is finite; JSON has no infinity and no NaN.
  public init(_ value: Double) {
    precondition(value.isFinite, "JSON has no number for \(value)")
    literal = value.description
  }

  /// Creates a number from a literal that the parser has checked.
  init(checked literal: String) { self.literal = literal }

  /// The value as an integer, or nil if the literal has a fraction or an exponent or is out of range.
  public var int: Int? { Int(literal) }

  /// The nearest double, or nil if the literal is out of range.
  public var double: Double? {
    guard let value = Double(literal), value.isFinite else { return nil }
    return value
  }
}
