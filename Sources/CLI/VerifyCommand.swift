import ArgumentParser

/// `ptq verify`: whether a folder is what it was when it was written.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that a folder is whole, and that every Linear in it can be read.",
    discussion: """
      Every file is compared with the digest in ptq-manifest.json, which quantize and convert write last. \
      Then the model is opened and every quantized Linear decoded. With the model that it was made from, the \
      weight error of every Linear is computed again and compared with the report. quantize ends with the same \
      checks.

      EXAMPLES:
        ptq verify SmolLM2-4bit
        ptq verify SmolLM2-4bit --against SmolLM2
      """)

  @Argument(help: "A folder that quantize or convert has written.")
  var folder: String

  @Option(help: "The folder of the model that it was made from.")
  var against: String?

  @OptionGroup
  var opening: ModelArguments

  @OptionGroup
  var common: CommonArguments

  func run() throws {
    try common.apply()
    let check = try ResultCheck(
      of: folder, madeFrom: against.map(opening.model), open: opening.model)
    guard check.findings.isEmpty else {
      print(check.findings.joined(separator: "\n"))
      throw ExitCode.failure
    }
    print(check.confirmed.joined(separator: "\n"))
  }
}
