public import Remedies

/// What a run reports while it works.
public enum RunEvent: Sendable {
  /// The engines that will load the result as it is; sent before anything else.
  case loaders([String])
  /// The run continues one that was interrupted, from a block on.
  case continuing(block: Int, of: Int)
  /// A finding that does not stop the run.
  case warning(Warning)
  /// The share of the work done, 0 to 1, and what is being worked on.
  case progress(Double, String)
  /// A Linear is done.
  case solved(LinearReport)
}

/// A finding that does not stop a run.
public struct Warning: Sendable, Hashable {
  /// What was found.
  public let text: String
  /// What would help, the most promising remedy first.
  public let remedies: [Remedy]

  /// A warning.
  public init(_ text: String, remedies: [Remedy] = []) {
    self.text = text
    self.remedies = remedies
  }
}
