import ArgumentParser
import Checkpoint
import Report
import Studies
import Transformer

/// `ptq verify`: whether a folder is what it was when it was written.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that a folder is whole, and that every Linear in it can be read.",
    discussion: """
      Every file is compared with the digest in ptq-manifest.json, which quantize and convert write last. \
      Then the model is opened and every quantized Linear decoded. With the model that it was made from, the \
      weight error of every Linear is computed again and compared with the report.

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
    guard let manifest = try Manifest(in: folder) else {
      throw CheckpointError.missing(
        path: "\(folder)/\(Manifest.fileName)",
        needed: "without it nobody knows what the folder should hold; quantize and convert write it"
      )
    }
    var progress = ProgressLine()
    defer { progress.end() }
    let findings = manifest.findings(in: folder) { progress.show($0, $1) }
    progress.end()
    guard findings.isEmpty else {
      print(findings.joined(separator: "\n"))
      throw ExitCode.failure
    }
    let model = try opening.model(at: folder)
    let quantized = try model.decodedLinears()
    let bytes = manifest.files.reduce(0) { $0 + $1.byteCount }
    print(
      "\(manifest.files.count) files of \(Numbers.count(bytes)) bytes are as they were written; "
        + "\(quantized) quantized Linears can be read")
    if let against { try compare(model, with: try opening.model(at: against)) }
  }

  /// Computes the recorded errors again.
  private func compare(_ model: LanguageModel, with original: LanguageModel) throws {
    let verification = try Verification(model, madeFrom: original)
    var progress = ProgressLine()
    defer { progress.end() }
    let outcome = try verification.run { progress.show($0, $1) }
    progress.end()
    guard outcome.findings.isEmpty else {
      print(outcome.findings.joined(separator: "\n"))
      throw ExitCode.failure
    }
    print(
      "\(outcome.confirmed) Linears lose what the report says, and \(outcome.unchanged) other tensors are those of "
        + "the model"
        + (outcome.unknown == 0
          ? "" : "; \(outcome.unknown) Linears were scaled by factors that are not stored"))
  }
}

extension LanguageModel {
  /// Decodes every quantized Linear; how many there are.
  ///
  /// - Throws: ``CheckpointError`` that names one that cannot be decoded.
  fileprivate func decodedLinears() throws -> Int {
    var count = 0
    for block in declaration.blocks.indices {
      for linear in declaration.linears(block: block) where isQuantized(linear) {
        _ = try quantizedLinear(linear)
        count += 1
      }
    }
    return count
  }
}
