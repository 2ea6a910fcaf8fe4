public import Checkpoint

/// Which tokens each expert of a mixture learns from.
public enum ExpertTokens: String, CaseIterable, Sendable {
  /// Those that the router sends to it.
  case routed
  /// All of them; the model's outputs are still those of the experts chosen.
  case all
}

/// The windows that a run learns from, and those that only judge.
public struct CalibrationSet: Sendable {
  /// Windows whose statistics the solvers use.
  public let calibration: [[Int32]]
  /// Windows that no solver sees.
  public let heldOut: [[Int32]]
  /// Windows of a single token each, for the statistics of first positions.
  public let firstPositions: [[Int32]]
  /// The number of tokens of each window.
  public let length: Int
  /// Which of them the experts of a mixture learn from.
  public var experts = ExpertTokens.routed

  /// A set of given windows.
  public init(
    calibration: [[Int32]], heldOut: [[Int32]], firstPositions: [[Int32]] = [], length: Int
  ) {
    self.calibration = calibration
    self.heldOut = heldOut
    self.firstPositions = firstPositions
    self.length = length
  }

  /// The default number of windows to calibrate on.
  public static let defaultSamples = 128
  /// The default number of windows of a single token.
  public static let defaultFirstPositions = 256
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
  ///   - firstPositions: the number of windows of a single token, taken from all over the text; or of the
  ///     tokens with which every text begins.
  ///   - opensTokens: whether the windows of a file of tokens begin as the tokenizer begins a text.
  /// - Precondition: `length` is positive.
  /// - Throws: ``InputError/tooShort(path:tokens:length:needed:)`` and what ``TokenStream`` throws.
  public init(
    path: String, for folder: ModelFolder, samples: Int?, length: Int, firstPositions: Int = 0,
    opensTokens: Bool = false
  ) throws {
    precondition(length > 0, "windows of \(length) tokens")
    let wanted = samples ?? Self.defaultSamples
    let stream = try TokenStream(
      path: path, for: folder,
      atLeast: TokenWindows.tokenCount(Self.windowCount(wanted), of: length),
      opensTokens: opensTokens)
    let (tokens, opening) = (stream.tokens, stream.opening)
    guard TokenWindows.count(tokens, opening: opening, length: length) >= samples ?? 1 else {
      throw InputError.tooShort(
        path: path, tokens: tokens.count, length: length, needed: samples ?? 1)
    }
    let windows = TokenWindows(
      cutting: tokens, opening: opening, length: length, limit: Self.windowCount(wanted)
    ).windows
    // Without an explicit count the text is split between both; otherwise the solver comes first.
    let count = samples ?? (1...wanted).last { $0 + Self.heldOutCount($0) <= windows.count } ?? 1
    self.init(
      calibration: Array(windows[..<count]), heldOut: Array(windows[count...]),
      firstPositions: opening.isEmpty
        ? Self.distinct(firstPositions, of: windows[..<count].joined())
        : Array(repeating: opening, count: firstPositions), length: length)
  }

  /// Windows of one token, all different: evenly spaced ones of the calibration tokens.
  private static func distinct(_ count: Int, of tokens: some Sequence<Int32>) -> [[Int32]] {
    var seen: Set<Int32> = []
    let distinct = tokens.filter { seen.insert($0).inserted }
    let taken = min(count, distinct.count)
    return (0..<taken).map { [distinct[$0 * distinct.count / taken]] }
  }

  /// The windows to calibrate on and those held out.
  private static func windowCount(_ samples: Int) -> Int {
    let (count, overflow) = samples.addingReportingOverflow(heldOutCount(samples))
    return overflow ? .max : count
  }

  private static func heldOutCount(_ samples: Int) -> Int { samples < 2 ? 0 : max(1, samples / 8) }

  /// The number of different tokens among those for calibration.
  var distinctTokenCount: Int { Set(calibration.joined()).count }

  /// All windows: those for calibration, then those held out, then the first positions.
  package var windows: [[Int32]] { calibration + heldOut + firstPositions }

  /// What each of them is for.
  package var roles: WindowRoles {
    WindowRoles(calibration: calibration.count, heldOut: heldOut.count)
  }
}
