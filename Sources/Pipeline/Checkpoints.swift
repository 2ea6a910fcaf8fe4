/// When a run writes its next checkpoint.
///
/// One is due after an interval, but not before the run has worked fifty times as long as the last one
/// took, so that checkpoints cost two per cent at most. An interval of 0 means after every block.
package struct Checkpoints {
  /// The seconds between two of them.
  let interval: Double
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  private var cost = 0.0

  /// A schedule that starts now.
  package init(every interval: Double) {
    self.interval = interval
    last = clock.now
  }

  /// Writes a checkpoint if one is due.
  package mutating func writeIfDue(_ write: () throws -> Void) rethrows {
    let start = clock.now
    guard interval == 0 || (start - last).seconds >= max(interval, 50 * cost) else { return }
    try write()
    last = clock.now
    cost = (last - start).seconds
  }
}

/// What to do with what an interrupted run left beside the output.
public enum InterruptedRun: Sendable {
  /// Continue it, if there is one.
  case continueIfAny
  /// Continue it; it is an error if there is none.
  case mustContinue
  /// Remove it, and begin again.
  case discard
}
