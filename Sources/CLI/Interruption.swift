import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, SIGTERM and a terminal that goes away: the first signal ends the run in order, so that
/// no partial folder stays; the second one ends the process at once.
enum Interruption {
  private static let isRequested = Atomic(false)

  /// Runs a body with the signals caught.
  static func watched<Result>(_ body: () throws -> Result) throws -> Result {
    // A reader of the progress that went away is no reason to stop.
    signal(SIGPIPE, SIG_IGN)
    // The sources only see signals whose default action is off. Under nohup SIGHUP is off already,
    // and must mean nothing.
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

  /// Ends the run when a signal came.
  static func check() throws {
    if isRequested.load(ordering: .relaxed) { throw ExitCode(130) }
  }

  /// Whether a signal handler is the one that ignores; C compares the pointers.
  private static func isIgnored(_ handler: __sighandler_t?) -> Bool {
    // Safety: both are pointers, and only their bits are compared.
    unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
