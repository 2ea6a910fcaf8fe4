/// A position in a JSON text.
public struct JSONPosition: Sendable, Hashable, CustomStringConvertible {
  /// The line, counted from 1.
  public let line: Int
  /// The column in Unicode scalars, counted from 1.
  public let column: Int

  /// The position as in "line 3, column 14".
  public var description: String { "line \(line), column \(column)" }
}

/// Why a text is not valid JSON, or a value does not have the expected shape.
public enum JSONError: Error, Hashable, Sendable {
  /// The text violates the grammar.
  case syntax(at: JSONPosition, expected: String, found: String)
  /// The text is not valid UTF-8.
  case invalidUTF8(at: JSONPosition)
  /// A `\u` escape is half of a surrogate pair without the other half.
  case loneSurrogate(at: JSONPosition)
  /// Arrays and objects are nested deeper than the limit.
  case tooDeep(at: JSONPosition, limit: Int)
  /// The text has too many values.
  case tooMany(at: JSONPosition, limit: Int)
  /// An object has two members with the same name.
  case duplicateMember(at: JSONPosition, name: String)
  /// A value is not of the expected kind.
  case wrongKind(path: String, expected: String, found: String)
  /// An object lacks an expected member.
  case missingMember(path: String)
}

extension JSONError: CustomStringConvertible {
  /// What was found, where, and what was expected.
  public var description: String {
    switch self {
    case .syntax(let position, let expected, let found):
      "\(position): expected \(expected), found \(found)"
    case .invalidUTF8(let position):
      "\(position): the text is not valid UTF-8"
    case .loneSurrogate(let position):
      "\(position): expected a surrogate pair, found only half of one"
    case .tooMany(let position, let limit):
      "\(position): there are more than \(limit) values"
    case .tooDeep(let position, let limit):
      "\(position): expected at most \(limit) nested arrays and objects, found one more"
    case .duplicateMember(let position, let name):
      "\(position): expected distinct member names, found \"\(name)\" again"
    case .wrongKind(let path, let expected, let found):
      "\(path.isEmpty ? "the value" : path): expected \(expected), found \(found)"
    case .missingMember(let path):
      "\(path): expected a value, found no such member"
    }
  }
}
