public import Checkpoint
internal import Foundation
internal import JSON
public import Remedies
package import Tokenizer

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

  /// The number of tokens in all windows.
  public var tokenCount: Int { windows.count * length }
}

/// A file of text or tokens, read as one stream of tokens.
///
/// `.jsonl` has a JSON object with a string `text` on each line. `.safetensors` has a tensor `input_ids` (I32
/// or I64, any shape) and needs no tokenizer. Every other file is one text, whatever its name, unless the name
/// is that of a packed or binary format.
public struct TokenStream: Sendable {
  /// The tokens.
  public let tokens: [Int32]
  /// The tokens with which the tokenizer begins a text, such as the beginning-of-sequence token; none for
  /// a file of tokens, which has them where they are wanted.
  public let opening: [Int32]

  /// Reads a file for a model.
  ///
  /// - Parameters:
  ///   - path: the file; its extension decides how it is read.
  ///   - folder: the model, whose `tokenizer.json` is used.
  /// - Throws: ``InputError`` or ``CheckpointError``.
  public init(path: String, for folder: ModelFolder) throws {
    let kind = URL(fileURLWithPath: path).pathExtension.lowercased()
    switch kind {
    case "safetensors":
      tokens = try Self.stored(path)
      opening = []
      return
    case "parquet", "arrow", "gz", "zip", "zst", "xz", "bz2", "tar", "pdf", "json", "npy", "bin":
      throw InputError.unknownKind(path: path)
    default: break
    }
    let texts = try kind == "jsonl" ? Self.records(path) : [Self.text(path)]
    let tokenizer = try Self.tokenizer(of: folder)
    (tokens, opening) = try Self.attributing("\(folder.path)/\(Self.tokenizerFile)") {
      () throws(TokenizerError) in
      var tokens: [Int32] = []
      for text in texts {
        tokens += try tokenizer.encode(text, addSpecialTokens: false).map { Int32(clamping: $0) }
      }
      return (tokens, try tokenizer.opening)
    }
  }

  /// The name of the file that describes a model's tokenizer.
  package static let tokenizerFile = "tokenizer.json"

  /// The tokenizer of a model.
  package static func tokenizer(of folder: ModelFolder) throws -> Tokenizer {
    let path = "\(folder.path)/\(tokenizerFile)"
    guard FileManager.default.fileExists(atPath: path) else {
      throw CheckpointError.missing(
        path: path,
        needed: "the model's tokenizer is needed to read text; "
          + "tokens can also come from a .safetensors file with input_ids")
    }
    let file = try MappedFile(path: path)
    return try attributing(path) { () throws(TokenizerError) in
      try Tokenizer(parsing: file.copy(0..<file.byteCount))
    }
  }

  /// Runs a closure and attributes its errors to a file.
  private static func attributing<Result>(
    _ path: String, _ body: () throws(TokenizerError) -> Result
  ) throws(InputError) -> Result {
    do throws(TokenizerError) {
      return try body()
    } catch {
      throw .tokenizer(path: path, reason: error.description)
    }
  }

  private static func text(_ path: String) throws -> String {
    let file = try MappedFile(path: path)
    guard let text = String(validating: file.copy(0..<file.byteCount), as: UTF8.self) else {
      throw InputError.notUTF8(path: path)
    }
    return text
  }

  private static func records(_ path: String) throws -> [String] {
    // Only a line feed ends a line: JSON strings may hold all other separators of Unicode.
    let lines = try text(path).utf8.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return try lines.enumerated().compactMap { number, line in
      guard !line.allSatisfy(Self.isBlank) else { return nil }
      do {
        return try JSONValue(parsing: Array(line)).member("text").string
      } catch {
        throw InputError.badRecord(path: path, line: number + 1, reason: "\(error)")
      }
    }
  }

  /// Whether a byte is white space inside a line of JSON.
  private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0D].contains(byte) }

  private static func stored(_ path: String) throws -> [Int32] {
    let file = try SafetensorsFile(path: path)
    guard let tokens = file.integers("input_ids") else { throw InputError.noTokens(path: path) }
    return try tokens.map {
      guard let token = Int32(exactly: $0), token >= 0 else {
        throw InputError.badToken(path: path, token: $0)
      }
      return token
    }
  }
}

extension Tokenizer {
  /// The tokens that stand in front of every text.
  fileprivate var opening: [Int32] {
    get throws(TokenizerError) {
      let plain = try encode("a", addSpecialTokens: false)
      let whole = try encode("a", addSpecialTokens: true)
      let start = whole.indices.first { whole[$0...].starts(with: plain) } ?? 0
      return whole[..<start].map { Int32(clamping: $0) }
    }
  }
}

/// What can be wrong with a file of text or tokens.
public enum InputError: RemediableError {
  /// The file's extension is not a known one.
  case unknownKind(path: String)
  /// The text is not UTF-8.
  case notUTF8(path: String)
  /// The model's tokenizer cannot be used.
  case tokenizer(path: String, reason: String)
  /// A line of a `.jsonl` file is not valid.
  case badRecord(path: String, line: Int, reason: String)
  /// The `.safetensors` file has no integer `input_ids`.
  case noTokens(path: String)
  /// A number that is a token in no vocabulary.
  case badToken(path: String, token: Int64)
  /// The text has fewer windows than were asked for.
  case tooShort(path: String, tokens: Int, length: Int, needed: Int)

  /// What was found, what was needed, and what to try.
  public var description: String {
    switch self {
    case .unknownKind(let path):
      "\(path): is not read by its name; give plain text, .jsonl with a \"text\" on each line, or "
        + ".safetensors with input_ids"
    case .notUTF8(let path): "\(path): the text is not UTF-8; convert it first"
    case .tokenizer(let path, let reason): "\(path): \(reason)"
    case .badRecord(let path, let line, let reason):
      "\(path), line \(line): a JSON object with a string \"text\" is needed: \(reason)"
    case .noTokens(let path): "\(path): no I32 or I64 tensor is named input_ids"
    case .badToken(let path, let token):
      "\(path): input_ids holds \(token); tokens are numbers from 0 to 2147483647"
    case .tooShort(let path, let tokens, let length, let needed):
      "\(path): found \(tokens) tokens, needed \(needed) x \(length)"
    }
  }

  /// What to try.
  public var remedies: [Remedy] {
    guard case .tooShort(_, _, _, let needed) = self else { return [] }
    return [.giveLongerText] + (needed > 1 ? [.useFewerWindows] : []) + [.useShorterWindows]
  }
}
