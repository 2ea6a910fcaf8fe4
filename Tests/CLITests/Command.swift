import Foundation
import JSON
import TestSupport
import Testing

/// The outcome of a run of the command: its exit status and what it printed.
struct Outcome {
  let status: Int32
  let output: String
  let errors: String

  /// The lines of standard error.
  var errorLines: [Substring] { errors.split(separator: "\n") }

  /// Standard output as JSON.
  func json() throws -> JSONValue { try JSONValue(parsing: output) }
}

/// The `ptq` that was built together with the tests.
enum Command {
  /// The executable.
  static let executable = executable("ptq")

  /// A built executable, which is in the same folder as the running test.
  static func executable(_ name: String) -> URL {
    let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: test).deletingLastPathComponent().appendingPathComponent(name)
  }

  /// The model that comes with the examples.
  static let tinyLlama = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Examples/tiny-llama").path

  /// Starts `ptq` in a folder, with its streams in files beside that folder.
  static func start(_ arguments: [String], in folder: TemporaryFolder) throws -> Running {
    try Running(executable, arguments, in: folder)
  }

  /// Whether the tests are run under a sanitizer, which needs memory of its own.
  static var isSanitized: Bool { ProcessInfo.processInfo.environment["PTQ_SANITIZED"] != nil }

  /// Starts a program that the system ends after five seconds of computing, and refuses more than 500 MB.
  ///
  /// What the threads of each processor reserve comes on top.
  static func startLimited(
    _ executable: URL, _ arguments: [String], in folder: TemporaryFolder
  ) throws -> Running {
    guard !isSanitized else { return try Running(executable, arguments, in: folder) }
    let kilobytes = 500_000 + 16_000 * ProcessInfo.processInfo.processorCount
    return try Running(
      URL(fileURLWithPath: "/bin/sh"),
      ["-c", #"ulimit -t 5; ulimit -d \#(kilobytes); exec "$0" "$@""#, executable.path] + arguments,
      in: folder)
  }

  /// Runs `ptq` to its end.
  static func run(_ arguments: String..., in folder: TemporaryFolder) throws -> Outcome {
    try start(arguments, in: folder).finish()
  }

  /// Runs `ptq` to its end and requires success.
  @discardableResult
  static func succeed(
    _ arguments: String..., in folder: TemporaryFolder,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    try succeed(arguments, in: folder, sourceLocation: sourceLocation)
  }

  /// The same for a list of arguments.
  @discardableResult
  static func succeed(
    _ arguments: [String], in folder: TemporaryFolder,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try start(arguments, in: folder).finish()
    try #require(
      outcome.status == 0, "\(arguments): \(outcome.errors)", sourceLocation: sourceLocation)
    return outcome
  }
}

/// A process that was started.
final class Running {
  private let process = Process()
  private let streams: URL

  init(_ executable: URL, _ arguments: [String], in folder: TemporaryFolder) throws {
    // Files, not pipes, which would have to be read while the process runs.
    streams = URL(fileURLWithPath: "\(folder.path).streams-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: streams, withIntermediateDirectories: true)
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    // COLUMNS would change the width of the help.
    process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "COLUMNS" }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try stream("out")
    process.standardError = try stream("err")
    try process.run()
  }

  deinit { try? FileManager.default.removeItem(at: streams) }

  /// What the process has written to standard error so far.
  var errors: String { text("err") }

  /// Whether the process is still running.
  var isRunning: Bool { process.isRunning }

  /// Sends the process a signal.
  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Waits until the process ends.
  func finish() -> Outcome {
    process.waitUntilExit()
    // A process that a signal killed has no exit status; shells report 128 plus the signal.
    let killed: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Outcome(
      status: killed + process.terminationStatus, output: text("out"), errors: text("err"))
  }

  private func stream(_ name: String) throws -> FileHandle {
    let url = streams.appendingPathComponent(name)
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
  }

  private func text(_ name: String) -> String {
    let data = (try? Data(contentsOf: streams.appendingPathComponent(name))) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }
}
