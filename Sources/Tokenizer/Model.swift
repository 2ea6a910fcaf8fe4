/// The section `model`: how a word becomes ids.
enum Model {
  case bpe(BPE)
  case unigram(Unigram)
  case wordPiece(WordPiece)

  /// Reads the section `model`.
  init(_ section: Section) throws(TokenizerError) {
    // Early files do not state the type.
    let type = try section.optionalString("type") ?? "BPE"
    switch type {
    case "BPE": self = .bpe(try BPE(section))
    case "Unigram": self = .unigram(try Unigram(section))
    case "WordPiece": self = .wordPiece(try WordPiece(section))
    default:
      throw section.unsupported("the type \(type)", supported: "BPE, Unigram, WordPiece")
    }
  }

  var vocabulary: Vocabulary {
    switch self {
    case .bpe(let model): model.vocabulary
    case .unigram(let model): model.vocabulary
    case .wordPiece(let model): model.vocabulary
    }
  }

  /// Appends the ids of a word.
  ///
  /// - Throws: `TokenizerError.unknownTokenMissing` or `.unknownTokenUnset`.
  func encode(_ word: ArraySlice<UInt8>, into ids: inout [TokenID]) throws(TokenizerError) {
    switch self {
    case .bpe(let model): try model.encode(word, into: &ids)
    case .unigram(let model): try model.encode(word, into: &ids)
    case .wordPiece(let model): try model.encode(word, into: &ids)
    }
  }
}
