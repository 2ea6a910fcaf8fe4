public import JSON

/// Why a `tokenizer.json` cannot be read, or a text not be encoded.
public enum TokenizerError: Error, Hashable, Sendable {
  /// The file cannot be read.
  case unreadable(path: String)
  /// The file is not JSON, or a section of it has another shape than the format's.
  case json(JSONError)
  /// A section asks for something that this reader does not implement.
  case unsupported(section: String, found: String, supported: String)
  /// A section contradicts itself or another one.
  case inconsistent(section: String, found: String, needed: String)
  /// A BPE model comes without its merges.
  case missingMerges
  /// The text needs the unknown token, but the vocabulary has no such token.
  case unknownTokenMissing(token: String)
  /// A regular expression of the file cannot be applied to a piece of the text: it is too long.
  case expressionExhausted(expression: String, pieceLength: Int)
}

extension TokenizerError: CustomStringConvertible {
  /// The section, what was found there, and what is supported or needed.
  public var description: String {
    switch self {
    case .unreadable(let path):
      "\(path): cannot be read"
    case .json(let error):
      "\(error)"
    case .unsupported(let section, let found, let supported):
      "\(section): \(found) is not supported; supported: \(supported)"
    case .inconsistent(let section, let found, let needed):
      "\(section): found \(found), needed \(needed)"
    case .missingMerges:
      "model.merges: found none; a BPE model cannot be applied without its merges. "
        + "Export the tokenizer again, so that tokenizer.json holds them"
    case .unknownTokenMissing(let token):
      "model.unk_token: the text needs \"\(token)\", which is not in the vocabulary"
    case .expressionExhausted(let expression, let length):
      "pre_tokenizer: the regular expression \(expression) gave up on a piece of \(length) "
        + "characters, probably at a very long run of white space; split the text first"
    }
  }
}
