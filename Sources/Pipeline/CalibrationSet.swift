public import Checkpoint

/// The windows that a run learns from, and those that only judge.
public struct CalibrationSet: Sendable {
  /// Windows whose statistics the solvers use.
  public let calibration: [[Int32]]
  /// Windows that no solver sees.
  public let heldOut: [[Int32]]
  /// The number of tokens of each window.
  public let length: Int

  /// A set of given windows.
  public init(calibration: [[Int32]], heldOut: [[Int32]], length: Int) {
    self.calibration = calibration
    self.heldOut = heldOut
    self.length = length
  }

  /// The default number of windows to calibrate on.
  public static let defaultSamples = 128
  /// The default number of tokens per window, if the model's context allows it.
  public static let defaultLength = 2048

  /// Takes windows from a file: first those for calibration, then the held-out ones.
  ///
  /// There are an eighth as many held-out ones, as far as the text goes.
  ///
  /// - Parameters:
  ///   - path: a `.txt`, `.jsonl` or `.safetensors` file.
  ///   - folder: the model, for its tokenizer.
  ///   - samples: the number of windows to calibrate on; nil for up to ``defaultSamples``.
  ///   - length: tokens per window.
  /// - Precondition: `length` is positive.
  /// - Throws: ``InputError/tooShort(path:tokens:length:needed:)`` and what ``TokenStream`` throws.
  public init(path: String, for folder: ModelFolder, samples: Int?, length: Int) throws {
    precondition(length > 0, "windows of \(length) tokens")
    let stream = try TokenStream(path: path, for: folder).tokens
    let wanted = samples ?? Self.defaultSamples
    guard stream.count / length >= (samples ?? 1) else {
      throw InputError.tooShort(
        path: path, tokens: stream.count, length: length, needed: samples ?? 1)
    }
    let windows = TokenWindows(
      cutting: stream, length: length, limit: wanted + Self.heldOutCount(wanted)
    ).windows
    // Without an explicit count the text is split between both; otherwise the solver comes first.
    let count = samples ?? (1...wanted).last { $0 + Self.heldOutCount($0) <= windows.count } ?? 1
    self.init(
      calibration: Array(windows[..<count]), heldOut: Array(windows[count...]), length: length)
  }

  private static func heldOutCount(_ samples: Int) -> Int { samples < 2 ? 0 : max(1, samples / 8) }

  /// All windows, those for calibration first.
  package var windows: [[Int32]] { calibration + heldOut }
}
