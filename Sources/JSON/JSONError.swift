/// A place in a JSON text.
public struct JSONPosition: Sendable, Hashable, CustomStringConvertible {
  /// The line, from 1.
  public let line: Int
  /// The column in Unicode scalars, from 1.
  public let column: Int

  /// "line 3, column 14".
  public var description: String { "line \(line), column \(column)" }
}

/// Why a text is not JSON, or a value not what its reader needs.
public enum JSONError: Error, Hashable, Sendable {
  /// The text breaks the grammar.
  case syntax(at: JSONPosition, expected: String, found: String)
  /// The text is not UTF-8.
  case invalidUTF8(at: JSONPosition)
  /// A `\u` escape names half of a surrogate pair.
  case loneSurrogate(at: JSONPosition)
  /// Arrays and objects are nested deeper than the limit.
  case tooDeep(at: JSONPosition, limit: Int)
  /// An object has two members with the same name.
  case duplicateMember(at: JSONPosition, name: String)
  /// A value is of another kind than its reader needs.
  case wrongKind(path: String, expected: String, found: String)
  /// An object lacks a member that its reader needs.
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
      "\(position): expected a pair of surrogates, found one half of it"
    case .tooDeep(let position, let limit):
      "\(position): expected at most \(limit) levels of arrays and objects, found one more"
    case .duplicateMember(let position, let name):
      "\(position): expected each member once, found \"\(name)\" again"
    case .wrongKind(let path, let expected, let found):
      "\(path.isEmpty ? "the value" : path): expected \(expected), found \(found)"
    case .missingMember(let path):
      "\(path): expected a value, found no such member"
    }
  }
}
