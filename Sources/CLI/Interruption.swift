import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Ends a run cleanly on Ctrl-C, on SIGTERM, or when the terminal closes.
///
/// The first signal stops the run so that nothing remains but what can be continued; the second ends the
/// process at once. The status is 128 and the signal's number, as in a shell.
enum Interruption {
  /// The first signal that arrived; 0 for none.
  private static let received = Atomic<Int32>(0)

  /// Runs a body while watching for the signals.
  static func watched<Result>(_ body: () throws -> Result) throws -> Result {
    // A closed pipe on standard error must not stop the run.
    signal(SIGPIPE, SIG_IGN)
    // Then a write beyond the largest file that the shell allows (ulimit -f) is an error like a full disk.
    signal(SIGXFSZ, SIG_IGN)
    // The kernel's way to say that a mapped file has lost its end.
    signal(SIGBUS) { _ in
      let message: StaticString = "\nError: a file became shorter while it was read\n"
      unsafe write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
      _exit(1)
    }
    // Sources only see signals whose default action is off. Under nohup, SIGHUP is ignored already
    // and must stay so.
    let numbers = [SIGINT, SIGTERM, SIGHUP].filter { number in
      let wasIgnored = isIgnored(signal(number, SIG_IGN))
      return number != SIGHUP || !wasIgnored
    }
    let sources = numbers.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        let (isFirst, _) = received.compareExchange(
          expected: 0, desired: number, ordering: .relaxed)
        guard isFirst else { _exit(128 + number) }
        StandardError.write("\nstopping after this step…\n")
      }
      source.resume()
      return source
    }
    defer {
      sources.forEach { $0.cancel() }
      // Behind the body, signals end the process again.
      for number in numbers { signal(number, SIG_DFL) }
    }
    return try body()
  }

  /// Throws if a signal has arrived, which ends the run.
  static func check() throws {
    let number = received.load(ordering: .relaxed)
    if number != 0 { throw ExitCode(128 + number) }
  }

  /// Whether a signal handler is SIG_IGN, by comparing pointers as C does.
  private static func isIgnored(_ handler: __sighandler_t?) -> Bool {
    // Safety: both are pointers, and only their bits are compared.
    unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
