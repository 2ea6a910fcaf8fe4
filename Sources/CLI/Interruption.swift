import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Ends a run cleanly on Ctrl-C, on SIGTERM, or when the terminal closes.
///
/// The first signal stops the run so that no partial folder remains; the second ends the process at
/// once.
enum Interruption {
  private static let isRequested = Atomic(false)

  /// Runs a body while watching for the signals.
  static func watched<Result>(_ body: () throws -> Result) throws -> Result {
    // A closed pipe on standard error must not stop the run.
    signal(SIGPIPE, SIG_IGN)
    // Sources only see signals whose default action is off. Under nohup, SIGHUP is ignored already
    // and must stay so.
    let numbers = [SIGINT, SIGTERM, SIGHUP].filter { number in
      let wasIgnored = isIgnored(signal(number, SIG_IGN))
      return number != SIGHUP || !wasIgnored
    }
    let sources = numbers.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if isRequested.exchange(true, ordering: .relaxed) { _exit(130) }
        StandardError.write("\nstopping after this step…\n")
      }
      source.resume()
      return source
    }
    defer { sources.forEach { $0.cancel() } }
    return try body()
  }

  /// Throws if a signal has arrived, which ends the run.
  static func check() throws {
    if isRequested.load(ordering: .relaxed) { throw ExitCode(130) }
  }

  /// Whether a signal handler is SIG_IGN, by comparing pointers as C does.
  private static func isIgnored(_ handler: __sighandler_t?) -> Bool {
    // Safety: both are pointers, and only their bits are compared.
    unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
