import ArgumentParser
import LinearAlgebra
import Pipeline
import Transformer

/// Options of every command that computes.
struct CommonArguments: ParsableArguments {
  @Option(help: "Threads to compute with. (default: all processors)")
  var threads: Int?

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if let threads, threads < 1 {
      throw ValidationError("--threads must be positive, not \(threads).")
    }
  }

  /// Sets the threads.
  func apply() {
    Threads.setCount(threads ?? Threads.availableProcessors)
  }
}

extension LanguageModel {
  /// The length of windows: what was asked for, or the default as far as the context goes.
  func windowLength(_ asked: Int?, default standard: Int, atLeast least: Int = 1) throws -> Int {
    let context = declaration.contextLength ?? .max
    let length = asked ?? max(least, min(standard, context))
    guard length <= context else { throw RunError.windowTooLong(length: length, context: context) }
    return length
  }
}
