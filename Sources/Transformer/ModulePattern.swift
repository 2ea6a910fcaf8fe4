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
    guard names.count >= parts.count else { return false }
    return (0...names.count - parts.count).contains { start in
      zip(parts, names[start...]).allSatisfy { $0 == "*" || $0 == $1 }
    }
  }
}
