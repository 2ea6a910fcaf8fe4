import ArgumentParser
import Checkpoint
import Pipeline

/// Options for runs that end early, and for what continues them.
struct InterruptionArguments: ParsableArguments {
  @Option(
    name: .customLong("checkpoint-every"),
    help: """
      Seconds of work that an interruption may cost; the same command continues from the last checkpoint. \
      0 for one after every block.
      """)
  var interval = Int(QuantizationRun.defaultCheckpointInterval)

  @Flag(help: "Continue a run that was interrupted, or fail if there is none.")
  var resume = false

  @Flag(help: "Remove what an interrupted run left, and begin again.")
  var discard = false

  func validate() throws {
    if resume && discard { throw ValidationError("--resume and --discard exclude each other.") }
    guard interval >= 0 else {
      throw ValidationError("--checkpoint-every must not be negative, as \(interval) is.")
    }
  }

  /// What to do with what an interrupted run left.
  var interrupted: InterruptedRun {
    if resume { return .mustContinue }
    return discard ? .discard : .continueIfAny
  }

  /// Says that what ended early can be continued, unless it could not begin because another run is at work.
  func sayKept(after error: any Error) {
    if case CheckpointError.inUse = error { return }
    let command = discard ? "the same command without --discard" : "the same command"
    StandardError.write("what is done is kept; \(command) continues from there\n")
  }
}
