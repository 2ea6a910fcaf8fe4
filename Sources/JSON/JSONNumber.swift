/// A JSON number: its literal text, converted only when asked.
public struct JSONNumber: Sendable, Hashable {
  /// The text of the number, valid by the grammar of RFC 8259.
  public let literal: String

  /// Keeps a literal that is valid JSON, or refuses it with nil.
  ///
  /// - Parameter literal: The text, with nothing before or after the number.
  public init?(literal: String) {
    guard let value = try? JSONValue(parsing: literal), case .number(let number) = value,
      number.literal.utf8.count == literal.utf8.count
    else { return nil }
    self = number
  }

  /// Writes an integer.
  ///
  /// - Parameter value: Any integer.
  public init(_ value: Int) { literal = String(value) }

  /// Writes the shortest decimal that reads back as the same double.
  ///
  /// - Parameter value: A number.
  /// - Precondition: `value` is finite; JSON has no spelling for the others.
  public init(_ value: Double) {
    precondition(value.isFinite, "JSON has no number for \(value)")
    literal = value.description
  }

  /// For the parser, which has checked the grammar.
  init(checked literal: String) { self.literal = literal }

  /// The value as an integer, or nil where the literal has a fraction or exponent or is too large.
  public var int: Int? { Int(literal) }

  /// The nearest double, or nil where the magnitude is beyond the largest one.
  public var double: Double? {
    guard let value = Double(literal), value.isFinite else { return nil }
    return value
  }
}
