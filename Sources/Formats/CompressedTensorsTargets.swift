// Which Linears a group of a compressed-tensors configuration is about. As in the format's library, a
// target is a whole name, the start of a name as a regular expression after "re:", or the name of a
// class of modules; names come before expressions, and those before classes.

internal import JSON
internal import Tokenizer

/// The targets of the groups of a configuration.
struct CompressedTensorsTargets {
  /// For each group, its targets.
  private let targets: [[JSONValue]]

  /// Reads `config_groups`.
  init(_ groups: [JSONField]) throws(JSONError) {
    var targets: [[JSONValue]] = []
    for group in groups {
      let field = try group.member("targets")
      guard case .array(let values) = field.value else {
        throw .wrongKind(path: field.path, expected: "an array", found: field.value.kind)
      }
      targets.append(values)
    }
    self.targets = targets
  }

  /// The index of the group that a Linear belongs to; nil if no target names it.
  ///
  /// - Throws: ``JSONError`` for a regular expression that cannot be read.
  func group(of linear: String) throws(JSONError) -> Int? {
    if let index = targets.firstIndex(where: { $0.contains(.string(linear)) }) { return index }
    for (index, values) in targets.enumerated() {
      for case .string(let target) in values where target.hasPrefix("re:") {
        if try Self.matches(linear, String(target.dropFirst(3))) { return index }
      }
    }
    return targets.firstIndex { $0.contains("Linear") }
  }

  /// Whether a regular expression matches the start of a name.
  private static func matches(_ name: String, _ pattern: String) throws(JSONError) -> Bool {
    guard let found = PrefixPattern(pattern)?.matches(name) else {
      throw .wrongKind(
        path: "config_groups", expected: "targets that are names or regular expressions",
        found: "re:\(pattern)")
    }
    return found
  }
}
