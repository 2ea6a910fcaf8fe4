package import JSON

/// Why a `tokenizer.json` cannot be read or applied to a text.
package enum TokenizerError: Error, Hashable, Sendable {
  /// The file is not JSON, or a section lacks a member or has one of the wrong kind.
  case json(JSONError)
  /// A section needs something that is not implemented.
  case unsupported(section: String, found: String, supported: String)
  /// A section contradicts itself or another one.
  case inconsistent(section: String, found: String, needed: String)
  /// A BPE model has no merges.
  case missingMerges
  /// A character has no token, and the vocabulary lacks the model's unknown token.
  case unknownTokenMissing(token: String)
  /// A character has no token, and the model does not say which token is the unknown one.
  case unknownTokenUnset
  /// A regular expression could not be matched; the excerpt shows where in the text.
  case matchingFailed(
    section: String, pattern: String, byteOffset: Int, excerpt: String, reason: String)
  /// The steps of a section would make a text longer than the limit.
  case textTooLong(section: String, byteCount: Int, limit: Int)
}

extension TokenizerError: CustomStringConvertible {
  /// The section, what was found there, and what is supported or needed.
  package var description: String {
    switch self {
    case .json(let error):
      "\(error)"
    case .unsupported(let section, let found, let supported):
      "\(section): \(found) is not supported; supported: \(supported)"
    case .inconsistent(let section, let found, let needed):
      "\(section): found \(found), needed \(needed)"
    case .missingMerges:
      "model.merges: found none, and a BPE model cannot be applied without merges; "
        + "export the tokenizer again with its merges in tokenizer.json"
    case .unknownTokenMissing(let token):
      "model.unk_token: the text needs \"\(token)\", which is not in the vocabulary"
    case .unknownTokenUnset:
      "model.unk_id: the text has a character without a token, and there is no unknown token; "
        + "add one, or byte_fallback with its 256 tokens"
    case .matchingFailed(let section, let pattern, let offset, let excerpt, let reason):
      "\(section): matching the regular expression \(pattern) failed at byte \(offset) of the "
        + "text to split, before \(excerpt.debugDescription): \(reason); "
        + "correct the pattern, or change the text there"
    case .textTooLong(let section, let byteCount, let limit):
      "\(section): its steps make more than \(limit) bytes of a text of \(byteCount) bytes; "
        + "remove the steps that multiply the text"
    }
  }
}
