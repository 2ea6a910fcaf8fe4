public import Remedies

/// What a run tells while it goes on.
public enum RunEvent: Sendable {
  /// Before anything else: the engines that will load the result as it is.
  case loaders([String])
  /// Something to know that does not stop the run.
  case warning(Warning)
  /// The share of the work done, 0 to 1, and what is being worked on.
  case progress(Double, String)
  /// A Linear is done.
  case solved(LinearReport)
}

/// Something to know that does not stop a run.
public struct Warning: Sendable, Hashable {
  /// What was found.
  public let text: String
  /// What would help, the most promising first.
  public let remedies: [Remedy]

  /// A warning.
  public init(_ text: String, remedies: [Remedy] = []) {
    self.text = text
    self.remedies = remedies
  }
}
