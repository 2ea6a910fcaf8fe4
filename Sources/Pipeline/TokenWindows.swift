public import Checkpoint

/// Tokens cut into windows of equal length, for calibration and evaluation.
///
/// Windows do not overlap, and the remainder at the end of the text is dropped. Each window is a piece of
/// running text, behind the tokens with which the model's tokenizer begins every text.
public struct TokenWindows: Sendable {
  /// The windows, all of the same length.
  public let windows: [[Int32]]
  /// The number of tokens of each window.
  public let length: Int

  /// Cuts a stream of tokens into windows.
  ///
  /// - Precondition: `length` is positive.
  ///
  /// - Parameters:
  ///   - stream: the tokens.
  ///   - opening: the tokens in front of each window; left out where they would fill it.
  ///   - length: tokens per window, with the opening.
  ///   - limit: the most windows to take; nil for all.
  public init(
    cutting stream: [Int32], opening: [Int32] = [], length: Int, limit: Int? = nil
  ) {
    precondition(length > 0, "windows of \(length) tokens")
    let opening = opening.count < length ? opening : []
    let piece = length - opening.count
    let count = min(Self.count(stream, opening: opening, length: length), limit ?? .max)
    windows = (0..<count).map { opening + stream[$0 * piece..<($0 + 1) * piece] }
    self.length = length
  }

  /// The number of windows in a stream of tokens.
  static func count(_ stream: [Int32], opening: [Int32], length: Int) -> Int {
    stream.count / (opening.count < length ? length - opening.count : length)
  }

  /// Cuts the windows of a file that is to be predicted.
  ///
  /// - Parameters:
  ///   - path: the file of text or tokens.
  ///   - folder: the model, for its tokenizer.
  ///   - length: tokens per window.
  ///   - limit: the most windows to take; nil for all.
  ///   - opensTokens: whether the windows of a file of tokens begin as the tokenizer begins a text.
  /// - Throws: ``InputError/tooShort(path:tokens:length:needed:)`` and what ``TokenStream`` throws.
  public init(
    path: String, for folder: ModelFolder, length: Int, limit: Int? = nil, opensTokens: Bool = false
  ) throws {
    let stream = try TokenStream(
      path: path, for: folder, atLeast: limit.flatMap { Self.tokenCount($0, of: length) },
      opensTokens: opensTokens)
    self.init(cutting: stream.tokens, opening: stream.opening, length: length, limit: limit)
    guard !windows.isEmpty else {
      throw InputError.tooShort(path: path, tokens: stream.tokens.count, length: length, needed: 1)
    }
  }

  /// The tokens of so many windows; nil where nobody can count them.
  package static func tokenCount(_ windows: Int, of length: Int) -> Int? {
    let (count, overflow) = windows.multipliedReportingOverflow(by: length)
    return overflow ? nil : count
  }

  /// The number of tokens in all windows.
  public var tokenCount: Int { windows.count * length }
}
