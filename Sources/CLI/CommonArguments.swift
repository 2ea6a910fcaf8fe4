import ArgumentParser
import LinearAlgebra
import Pipeline
import Transformer

/// Options that every command has.
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
  func windowLength(_ asked: Int?, default standard: Int) throws -> Int {
    let context = configuration.contextLength ?? .max
    guard let asked else { return min(standard, context) }
    guard asked <= context else {
      throw RunError.windowTooLong(length: asked, context: context)
    }
    return asked
  }
}
