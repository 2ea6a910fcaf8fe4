internal import JSON

/// What a run does when no codes can be found for a Linear.
public enum FailurePolicy: String, Sendable, CaseIterable {
  /// It ends with the error.
  case stop
  /// It leaves the Linear as it is, with all that engines merge with it, and says so.
  case keepDense = "keep-dense"
}

/// A Linear that stays as it is, since quantizing it, or one that engines merge with it, failed.
public struct FailedLinear: Sendable, Equatable {
  /// The name of the Linear.
  public let name: String
  /// What went wrong, and where.
  public let reason: String

  init(_ name: String, reason: String) {
    self.name = name
    self.reason = reason
  }

  var json: JSONValue { ["name": .string(name), "reason": .string(reason)] }

  init(_ json: JSONField) throws(JSONError) {
    name = try json.member("name").string
    reason = try json.member("reason").string
  }

  /// The failures that a report or journal lists; none in those of earlier versions.
  static func list(in json: JSONField?) throws(JSONError) -> [FailedLinear] {
    var result: [FailedLinear] = []
    for field in try json?.array ?? [] { result.append(try FailedLinear(field)) }
    return result
  }
}
