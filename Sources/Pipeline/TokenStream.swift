public import Checkpoint
internal import Foundation
package import Tokenizer

/// A file of text or tokens, read as one stream of tokens.
///
/// `.jsonl` has a JSON object on each line, with a `text` or a conversation. `.safetensors` has a tensor
/// `input_ids` (I32 or I64, any shape) and needs no tokenizer. Every other file is one text, whatever its name,
/// unless the name is that of a packed or binary format.
public struct TokenStream: Sendable {
  /// The tokens.
  public let tokens: [Int32]
  /// The tokens with which the tokenizer begins a text, such as the beginning-of-sequence token; none for
  /// a file of tokens unless asked for, since it may have them where they are wanted.
  public let opening: [Int32]

  /// Reads a file for a model.
  ///
  /// - Parameters:
  ///   - path: the file; its extension decides how it is read.
  ///   - folder: the model, whose `tokenizer.json` is used.
  ///   - needed: the number of tokens that are needed; what follows them in the file may be left out. Nil
  ///     for all.
  ///   - opensTokens: whether a file of tokens has an opening, too.
  /// - Throws: ``InputError`` or ``CheckpointError``.
  public init(
    path: String, for folder: ModelFolder, atLeast needed: Int? = nil, opensTokens: Bool = false
  ) throws {
    let kind = URL(fileURLWithPath: path).pathExtension.lowercased()
    switch kind {
    case "safetensors":
      tokens = try Self.stored(path)
      opening = opensTokens ? try Self.opening(of: Self.tokenizer(of: folder), folder) : []
      if opensTokens && opening.isEmpty { throw InputError.noOpening(path: folder.path) }
      return
    case "parquet", "arrow", "gz", "zip", "zst", "xz", "bz2", "tar", "pdf", "json", "csv", "tsv",
      "npy",
      "bin":
      throw InputError.unknownKind(path: path)
    default: break
    }
    let file = try TextFile(path: path)
    let tokenizer = try Self.tokenizer(of: folder)
    let encode = { (text: String) throws(InputError) in
      try Self.attributing("\(folder.path)/\(Self.tokenizerFile)") { () throws(TokenizerError) in
        try tokenizer.encode(text, addSpecialTokens: false).map { Int32(clamping: $0) }
      }
    }
    tokens =
      try ["jsonl", "ndjson", "jsonlines"].contains(kind)
      ? file.recordTokens(atLeast: needed, encode) : file.tokens(atLeast: needed, encode)
    opening = try Self.opening(of: tokenizer, folder)
  }

  private static func opening(
    of tokenizer: Tokenizer, _ folder: ModelFolder
  ) throws(InputError) -> [Int32] {
    try attributing("\(folder.path)/\(tokenizerFile)") { () throws(TokenizerError) in
      try tokenizer.opening
    }
  }

  /// The name of the file that describes a model's tokenizer.
  package static let tokenizerFile = "tokenizer.json"

  /// The tokenizer of a model.
  package static func tokenizer(of folder: ModelFolder) throws -> Tokenizer {
    let path = "\(folder.path)/\(tokenizerFile)"
    guard folder.hasCompanion(tokenizerFile) else {
      throw CheckpointError.missing(
        path: path,
        needed: "the model's tokenizer is needed to read text; "
          + "tokens can also come from a .safetensors file with input_ids")
    }
    let bytes = try folder.companion(tokenizerFile)
    return try attributing(path) { () throws(TokenizerError) in try Tokenizer(parsing: bytes) }
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
