/// Some modules of a model, by a run of the parts of their names: `down_proj`, `mlp`, `layers.0`,
/// `layers.*.self_attn.v_proj`.
///
/// A star stands for any one part.
public struct ModulePattern: Sendable, Equatable, CustomStringConvertible {
  /// The pattern as it was written.
  public let description: String
  private let parts: [Substring]

  /// A pattern; nil if a part of it is empty.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    description = text
    self.parts = parts
  }

  /// Whether a module, or one that it is part of, has such a name.
  public func matches(_ module: String) -> Bool {
    let names = module.split(separator: ".")
    return names.indices.contains { fits(names[$0...].prefix(parts.count)) }
  }

  /// Whether this is the whole name of a module.
  package func isName(of module: String) -> Bool { fits(module.split(separator: ".")[...]) }

  private func fits(_ names: ArraySlice<Substring>) -> Bool {
    names.count == parts.count && zip(parts, names).allSatisfy { $0 == "*" || $0 == $1 }
  }
}

/// Why a choice of modules cannot be.
public enum ModulePatternError: Error, CustomStringConvertible {
  /// No Linear has such a name.
  case fitsNothing(String, example: String)
  /// Every Linear would stay as it is.
  case leavesNothing

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .fitsNothing(let pattern, let example):
      "\(pattern): no Linear of the decoder blocks has such a name; one of them is \(example)"
    case .leavesNothing: "every Linear would stay dense, and nothing would be quantized"
    }
  }
}
