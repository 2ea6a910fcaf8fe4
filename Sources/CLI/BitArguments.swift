import ArgumentParser
import Checkpoint
import Foundation
import JSON
import Pipeline
import Report
import Studies
import Transformer

/// Options for different numbers of bits in one model.
struct BitArguments: ParsableArguments {
  @Option(
    help: """
      Bits of a code on average, such as 3.5: every Linear gets the number of bits that suits it. \
      Scales and zero points come on top; with --format gguf the budget is for all that is in the blocks of Linears, \
      and each gets a type.
      """)
  var bitsBudget: Double?

  @Option(
    help: """
      The numbers of bits that --bits-budget chooses from, or the types, separated by commas. \
      (default: \(BitSearch.standardChoices.map(\.description).joined(separator: ",")); with gguf \
      \(BitSearch.standardTypes.map(\.description).joined(separator: ",")))
      """,
    transform: { $0.split(separator: ",").map { BitPlan.Entry(String($0)) } })
  var bitsChoices: [BitPlan.Entry]?

  @Option(help: "Write the plan that --bits-budget finds to this new file, as JSON.")
  var saveBitsPlan: String?

  @Option(
    help: """
      A file with the bits of every Linear, as --save-bits-plan writes it; a word of --type in place of a number \
      stores a Linear as that. With --format gguf it has types such as Q4_K, and what it leaves out is stored as \
      --type has it.
      """)
  var bitsPlan: String?

  func validate() throws {
    if let bitsBudget, !(bitsBudget > 0 && bitsBudget <= 16) {
      throw ValidationError("--bits-budget must be between 0 and 16, not \(bitsBudget).")
    }
    if bitsBudget != nil, bitsPlan != nil {
      throw ValidationError("--bits-budget and --bits-plan exclude each other.")
    }
    if let bitsChoices, bitsChoices.isEmpty {
      throw ValidationError("--bits-choices needs at least one entry.")
    }
    for (name, isGiven) in [
      ("--bits-choices", bitsChoices != nil), ("--save-bits-plan", saveBitsPlan != nil),
    ] where isGiven && bitsBudget == nil {
      throw ValidationError("\(name) needs --bits-budget.")
    }
  }

  /// Whether the number of bits is given here.
  var decideBits: Bool { bitsBudget != nil || bitsPlan != nil }

  /// Searches for a plan under the budget, and saves it if asked to; nil without a budget.
  ///
  /// What it finds is kept beside the output until that is complete.
  func search(
    _ model: LanguageModel, _ settings: QuantizationSettings, output: String,
    _ interruption: InterruptionArguments, _ calibration: () throws -> CalibrationSet?
  ) throws -> BitSearchReport? {
    guard let bitsBudget else {
      if !interruption.discard { try BitSearch.checkNone(beside: output) }
      return nil
    }
    if let saveBitsPlan {
      guard OutputPath.resolved(saveBitsPlan) != OutputPath.resolved(output) else {
        throw ValidationError("--save-bits-plan and --output are the same.")
      }
      try ReportFile.checkIsWritable(saveBitsPlan)
    }
    let search = try BitSearch(
      model: model, settings: settings, budget: bitsBudget, choices: bitsChoices, output: output,
      checkpointInterval: Double(interruption.interval), interrupted: interruption.interrupted,
      calibration: try calibration())
    // The file may be that of the interrupted run.
    if search.continued == nil { try checkPlanIsNew() }
    let report = try run(search, interruption)
    if let saveBitsPlan {
      let plan = report.plan.json(for: model, averageBits: report.averageBits)
      let text = Data((plan.text(.pretty) + "\n").utf8)
      let url = URL(fileURLWithPath: saveBitsPlan)
      if (try? Data(contentsOf: url)) != text {
        try checkPlanIsNew()
        try text.write(to: url, options: .atomic)
      }
    }
    return report
  }

  /// Checks that saving the plan overwrites nothing.
  private func checkPlanIsNew() throws {
    guard let saveBitsPlan, FileManager.default.fileExists(atPath: saveBitsPlan) else { return }
    throw CheckpointError.unsupported(
      path: saveBitsPlan, reason: "exists already; give --save-bits-plan another name")
  }

  /// Carries out a search with a line that shows how far it is.
  private func run(
    _ search: BitSearch, _ interruption: InterruptionArguments
  ) throws -> BitSearchReport {
    var progress = ProgressLine()
    defer { progress.end() }
    if let (block, count) = search.continued {
      progress.say(
        "continuing the search that was interrupted, "
          + (block < count ? "at block \(block) of \(count)" : "behind the last block"))
    }
    do {
      let report = try Interruption.watched {
        try search.run { share, label in
          try Interruption.check()
          progress.show(share, label)
        }
      }
      progress.say(report.summary)
      return report
    } catch {
      progress.end()
      if search.canBeContinued { interruption.sayKept(after: error) }
      throw error
    }
  }
}

extension BitPlan.Entry {
  /// A number of bits, or else a type.
  fileprivate init(_ word: String) { self = Int(word).map(Self.bits) ?? .type(word) }
}
