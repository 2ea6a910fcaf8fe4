public import Remedies

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
  /// The model's tokenizer puts nothing in front of a text.
  case noOpening(path: String)
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
      "\(path), line \(line): a JSON object with a string \"text\" or a conversation is needed: \(reason)"
    case .noTokens(let path): "\(path): no I32 or I64 tensor is named input_ids"
    case .badToken(let path, let token):
      "\(path): input_ids holds \(token); tokens are numbers from 0 to 2147483647"
    case .noOpening(let path):
      "\(path): the tokenizer begins a text with no token of its own, so there is none to add"
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
