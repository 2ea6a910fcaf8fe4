/// What the time of a run is spent on.
public enum RunPhase: String, Sendable, CaseIterable {
  /// Reading weights, and decoding them.
  case reading
  /// Passing windows through blocks, and gathering the statistics of inputs.
  case measuring
  /// Choosing codes.
  case solving
  /// Encoding what was found, writing it, and taking digests.
  case writing
}

/// Tells how long a run has been in each of its phases.
///
/// At every instant it is in one phase at most; what happens inside another counts for itself alone.
final class PhaseClock {
  private let clock = ContinuousClock()
  private var phase: RunPhase?
  private var entered: ContinuousClock.Instant
  private var times: [RunPhase: Duration] = [:]

  /// A clock that starts now, in no phase.
  init() { entered = clock.now }

  /// Runs a body in a phase, and returns to the one before.
  func during<Result>(_ phase: RunPhase, _ body: () throws -> Result) rethrows -> Result {
    let before = self.phase
    enter(phase)
    defer { enter(before) }
    return try body()
  }

  private func enter(_ next: RunPhase?) {
    let now = clock.now
    if let phase { times[phase, default: .zero] += now - entered }
    (phase, entered) = (next, now)
  }

  /// The seconds of each phase so far.
  var seconds: [RunPhase: Double] { times.mapValues(\.seconds) }
}

extension Duration {
  /// The duration in seconds.
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
