import ArgumentParser
import Checkpoint
import Formats
import JSON
import Pipeline
import Report
import Studies
import Transformer

/// `ptq convert`: stores the same codes in another layout.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Store a quantized model in another format, without loss.",
    discussion: """
      MODEL is a folder written by ptq, gptqmodel, AutoGPTQ, AutoAWQ, llm-compressor or mlx-lm, or a GGUF \
      file. Every weight keeps its value; if a format cannot hold one of them exactly, the conversion is \
      refused. Only --bits gives some of that up. Everything else is copied; the quantized embedding and head of \
      a GGUF file become dense.

      EXAMPLES:
        ptq convert Llama-3.2-1B-GPTQ -o Llama-3.2-1B-AWQ --format awq
        ptq convert SmolLM2-awq -o SmolLM2-packed --format compressed-tensors
        ptq convert SmolLM2-nested -o SmolLM2-4bit --format gptq --bits 4
        ptq convert SmolLM2-awq -o SmolLM2.gguf --format gguf
      """)

  @Argument(help: "The quantized model's folder or GGUF file.")
  var model: String

  @Option(
    name: .shortAndLong,
    help: "The folder to write, or the file with --format gguf; it must not exist.")
  var output: String

  @Option(help: "The layout of the output: \(Choices.formats).")
  var format: FormatChoice

  @Option(
    help: """
      Keep only so many upper bits of each code, which is exact for what --method matryoshka has made and rounds to \
      nearest elsewhere.
      """)
  var bits: Int?

  @OptionGroup
  var opening: ModelArguments

  @OptionGroup
  var common: CommonArguments

  func validate() throws {
    if let bits, !(2...7).contains(bits) {
      throw ValidationError("--bits \(bits): the upper bits of a code that are a code are 2 to 7.")
    }
  }

  func run() throws {
    try common.apply()
    let stored = try opening.model(at: model)
    let conversion = try Conversion(
      of: bits.map(stored.keepingUpperBits) ?? stored, to: format.format, output: output)
    var display = RunDisplay()
    defer { display.end() }
    let report = try Interruption.watched {
      try conversion.run { event in
        try Interruption.check()
        display.show(event)
      }
    }
    display.end()
    print(common.json ? report.json.text(.pretty) : "\(report.summary)\nwritten to \(output)")
    let check = try ResultCheck(of: OutputPath.resolved(output)) {
      try Catalog.current.model(at: $0, as: opening.family)
    }
    guard check.findings.isEmpty else { throw ResultError(path: output, findings: check.findings) }
  }
}

extension ConversionReport {
  fileprivate var summary: String {
    let left = dense.isEmpty ? "" : ", \(dense.count) Linears left in floating point"
    let cut = keptBits.map { ", the upper \($0) bits of each code kept" } ?? ""
    return "\(linears) Linears, \(Numbers.count(weights)) weights, "
      + "\(Numbers.fixed(bitsPerWeight, 3)) bits per weight, from \(from) to \(to)\(cut)\(left), "
      + Numbers.duration(seconds)
  }
}
