internal import Checkpoint
internal import Pipeline
public import Remedies
internal import Tokenizer
internal import Transformer

// Two models are comparable if each token id means the same to both. Comparing the bytes of
// tokenizer.json is too strict: tools that save a model again write the same tokenizer in another
// layout, with merges as pairs or a truncation added. So where the bytes differ, the token of every
// id is compared. How a text is split is left to each model's own tokenizer.

extension LanguageModel {
  /// Checks that every token id means the same to this model and a reference.
  ///
  /// Where a folder has no `tokenizer.json`, only the number of tokens is compared.
  ///
  /// - Throws: ``ComparisonError`` when the vocabularies differ.
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
      // Compared as bytes: to Swift, composed and decomposed letters are equal.
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
  /// A token id means different tokens to the two models.
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
