import ArgumentParser
import Pipeline
import Transformer

/// Options for the calibration text.
struct CalibrationArguments: ParsableArguments {
  @Option(name: .customLong("calibration"), help: .calibrationText)
  var path: String?

  @Option(help: "Windows to calibrate on. (default: up to \(CalibrationSet.defaultSamples))")
  var samples: Int?

  @Option(
    help: """
      Tokens of each window. (default: \(CalibrationSet.defaultLength), or the model's context)
      """)
  var length: Int?

  @Option(
    help: """
      Windows of a single token, which show the first position of a text. (default: by preset, \
      \(CalibrationSet.defaultFirstPositions) or none)
      """)
  var firstPositions: Int?

  @Option(
    help: """
      Tokens that each expert of a mixture learns from: routed, those that it would answer; all, \
      which takes longer and leaves no expert without any.
      """)
  var experts = ExpertTokens.routed

  @Flag(name: .customLong("add-bos"), help: .addBOS)
  var opensTokens = false

  func validate() throws {
    for (name, value) in [("--samples", samples), ("--length", length)] {
      if let value, value < 1 { throw ValidationError("\(name) must be positive, not \(value).") }
    }
    if let firstPositions, firstPositions < 0 {
      throw ValidationError("--first-positions must not be negative, as \(firstPositions) is.")
    }
  }

  /// The calibration windows, or nil if no file was given.
  func read(for model: LanguageModel, _ preset: Preset) throws -> CalibrationSet? {
    guard let path else { return nil }
    var set = try CalibrationSet(
      path: path, for: model.folder, samples: samples,
      length: try model.windowLength(length, default: CalibrationSet.defaultLength),
      firstPositions: firstPositions ?? preset.firstPositions, opensTokens: opensTokens)
    set.experts = experts
    return set
  }
}

extension ArgumentHelp {
  /// The help of `--calibration`.
  static let calibrationText: ArgumentHelp =
    "Text to learn from: plain text, .jsonl with texts or chats, or .safetensors with input_ids."
}
