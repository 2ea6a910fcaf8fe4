import Checkpoint
import Formats
import Foundation
import JSON
import Pipeline
import Tokenizer

/// Something that reads bytes of anybody's.
struct Reader: Sendable {
  /// Its name, which is that of its folder of seeds as well.
  let name: String
  private let body: @Sendable ([UInt8]) throws -> Void

  /// A reader; what it throws must be an error of the project's own.
  init(_ name: String, _ body: @escaping @Sendable ([UInt8]) throws -> Void) {
    self.name = name
    self.body = body
  }

  /// All readers.
  static let all: [Reader] =
    jsonReaders + weightReaders + folderReaders + modelReaders + tokenizerReaders + runReaders
    + packingReaders

  /// The reader that the environment names; for any other name the program ends with a list of them.
  static let chosen: Reader = {
    let name = ProcessInfo.processInfo.environment["PTQ_FUZZ_READER"]
    guard let found = all.first(where: { $0.name == name }) else {
      print(all.map(\.name).joined(separator: "\n"))
      exit(2)
    }
    return found
  }()

  /// Reads an input.
  func read(_ bytes: [UInt8]) {
    do {
      try body(bytes)
    } catch let error as any Error & CustomStringConvertible where Self.isExpected(error) {
      // Messages are computed from what was found, so they are read as well.
      precondition(!error.description.isEmpty, "an error without a message")
    } catch {
      fatalError("an unexpected error: \(error)")
    }
  }

  private static func isExpected(_ error: any Error) -> Bool {
    error is JSONError || error is CheckpointError || error is TokenizerError
      || error is InputError || error is BitPlanError
  }
}

/// Ends the program if something does not hold that must.
func expect(_ holds: Bool, _ message: @autoclosure () -> String) {
  if !holds { fatalError(message()) }
}
