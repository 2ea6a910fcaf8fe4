internal import Checkpoint
internal import Pipeline
public import Remedies
internal import Tokenizer
internal import Transformer

// Two models can be compared where a token id means the same to both. The bytes of tokenizer.json
// are too strict a test of that: tools that save a model again write the same tokenizer in another
// layout, with merges as pairs or a truncation added. So what is compared, where the bytes differ,
// is the token of every id. How a text is cut is the business of the model's tokenizer alone.

extension LanguageModel {
  /// Checks that every token id means the same to this model and a reference.
  ///
  /// A folder without `tokenizer.json` has nothing to compare but its number of tokens.
  func checkVocabulary(isThatOf reference: LanguageModel) throws {
    let size = declaration.vocabularySize
    guard reference.declaration.vocabularySize == size else {
      throw ComparisonError.vocabularySize(
        path: folder.path, count: size, reference: reference.folder.path,
        referenceCount: reference.declaration.vocabularySize)
    }
    let name = TokenStream.tokenizerFile
    guard folder.companionFiles.contains(name), reference.folder.companionFiles.contains(name),
      try folder.companion(name) != reference.folder.companion(name)
    else { return }
    let tokenizers = (
      try TokenStream.tokenizer(of: folder), try TokenStream.tokenizer(of: reference.folder)
    )
    for id in 0..<size {
      let tokens = (tokenizers.0.token(of: id), tokenizers.1.token(of: id))
      // By bytes: to Swift a composed and a decomposed letter are equal.
      guard tokens.0.map({ Array($0.utf8) }) != tokens.1.map({ Array($0.utf8) }) else { continue }
      throw ComparisonError.token(
        id: id, path: "\(folder.path)/\(name)", token: tokens.0,
        reference: "\(reference.folder.path)/\(name)", referenceToken: tokens.1)
    }
  }
}

/// Why a model cannot be compared with a reference.
public enum ComparisonError: RemediableError {
  /// The vocabularies differ in size.
  case vocabularySize(path: String, count: Int, reference: String, referenceCount: Int)
  /// A token id means something else.
  case token(id: Int, path: String, token: String?, reference: String, referenceToken: String?)

  /// What was found, what was needed, and what to try.
  public var description: String {
    switch self {
    case .vocabularySize(let path, let count, let reference, let referenceCount):
      return "\(path): has \(count) tokens, but \(reference) has \(referenceCount)"
    case .token(let id, let path, let token, let reference, let referenceToken):
      let (here, there) = (
        token?.debugDescription ?? "none", referenceToken?.debugDescription ?? "none"
      )
      return "\(path): token \(id) is \(here), but in \(reference) it is \(there)"
    }
  }

  /// What to try.
  public var remedies: [Remedy] { [.compareWithOriginal] }
}
