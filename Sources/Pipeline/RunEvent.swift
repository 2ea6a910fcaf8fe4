/// What a run tells while it goes on.
public enum RunEvent: Sendable {
  /// Before anything else: the engines that will load the result as it is.
  case loaders([String])
  /// Something to know that does not stop the run.
  case warning(String)
  /// The share of the work done, 0 to 1, and what is being worked on.
  case progress(Double, String)
  /// A Linear is done.
  case solved(LinearReport)
}
