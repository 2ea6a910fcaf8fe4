import ArgumentParser
import LinearAlgebra
import Pipeline
import Transformer

/// Options of all commands that compute.
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

  /// Sets the number of threads.
  func apply() throws {
    Threads.setCount(threads ?? Threads.availableProcessors)
    try Startup.checkMemory(threads: Threads.count)
  }
}

extension ArgumentHelp {
  /// The help of `--add-bos`.
  static let addBOS: ArgumentHelp = """
    Begin each window of a .safetensors file as the tokenizer begins a text, such as with the \
    beginning-of-sequence token; windows of text begin so anyway.
    """
}

extension LanguageModel {
  /// The requested window length, or the default limited to the model's context.
  func windowLength(_ asked: Int?, default standard: Int, atLeast least: Int = 1) throws -> Int {
    let context = declaration.contextLength ?? .max
    let length = asked ?? max(least, min(standard, context))
    guard length <= context else { throw RunError.windowTooLong(length: length, context: context) }
    return length
  }
}
