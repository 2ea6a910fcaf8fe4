import Foundation
import TestSupport
import Testing

/// A call of `ptq` that must fail, and the single line that it must print about that.
struct Refusal: Sendable, CustomTestStringConvertible {
  let testDescription: String
  private let line: String
  private let status: Int32
  private let arguments: [String]
  private let prepare: @Sendable (TemporaryFolder) throws -> Void

  /// Creates a case.
  ///
  /// - Parameters:
  ///   - name: what is wrong.
  ///   - line: what must follow "Error: ".
  ///   - status: the exit status.
  ///   - arguments: the command line, or options that override those of `good`.
  ///   - prepare: breaks something in the folder, which starts with a valid model and a valid text.
  init(
    _ name: String, _ line: String, status: Int32 = 1, _ arguments: [String] = [],
    _ prepare: @escaping @Sendable (TemporaryFolder) throws -> Void = { _ in }
  ) {
    testDescription = name
    self.line = line
    self.status = status
    let isCommand = arguments.first.map { !$0.hasPrefix("-") } ?? false
    self.arguments = isCommand ? arguments : Self.good + arguments
    self.prepare = prepare
  }

  /// A call that succeeds; options appended to it take precedence.
  static let good = [
    "quantize", "model", "--output", "out", "--group-size", "32", "--length", "32",
    "--calibration", "text.safetensors",
  ]

  /// A case with an invalid model.
  static func model(
    _ name: String, _ line: String, _ change: @escaping @Sendable (inout TinyModel) -> Void
  ) -> Refusal {
    Refusal(name, line) { folder in
      var model = TinyModel()
      change(&model)
      try model.write("model", in: folder)
    }
  }

  /// A case with an invalid file.
  static func file(
    _ name: String, _ content: String, _ line: String, _ arguments: String...
  ) -> Refusal {
    Refusal("\(name): \(content.prefix(40).debugDescription)", line, arguments) {
      try $0.write(name, content)
    }
  }

  /// Runs the command in a folder of its own: it must fail and leave the folder as it was.
  func check() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try prepare(folder)
      let before = try everything(in: folder)
      let outcome = try Command.startLimited(Command.executable, arguments, in: folder).finish()
      #expect(outcome.status == status)
      #expect(outcome.output.isEmpty)
      // Progress comes before the error; after a wrong command line, the usage follows.
      let said = outcome.errorLines.filter {
        !$0.contains(/^\d+%  \w/) && !$0.hasPrefix("warning: ") && !$0.hasPrefix("will load in ")
      }
      let expected = "Error: \(line)".replacing("$FOLDER", with: folder.path)
      #expect(said.first.map(String.init) == expected)
      if status == 64 {
        #expect(said.contains { $0.hasPrefix("Usage: ptq ") })
      } else {
        #expect(said.count == 1, "\(outcome.errors)")
      }
      #expect(try everything(in: folder) == before)
    }
  }

  /// Every path in a folder, hidden ones too.
  private func everything(in folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
  }
}
