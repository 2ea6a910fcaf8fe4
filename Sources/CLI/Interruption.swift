import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM: the first one ends the run in order, so that no partial folder stays; the
/// second one ends the process at once.
enum Interruption {
  private static let isRequested = Atomic(false)

  /// Runs a body with the signals caught.
  static func watched<Result>(_ body: () throws -> Result) throws -> Result {
    let sources = [SIGINT, SIGTERM].map { number in
      // The source only sees signals whose default action is off.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if isRequested.exchange(true, ordering: .relaxed) { _exit(130) }
        FileHandle.standardError.write(Data("\nstopping after this step…\n".utf8))
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
}
