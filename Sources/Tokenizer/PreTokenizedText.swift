/// A text that pre-tokenizers split into pieces and rewrite.
struct PreTokenizedText {
  private(set) var bytes: [UInt8]
  /// Ranges of `bytes` in ascending order, none of them empty; there may be gaps between them.
  private(set) var pieces: [Range<Int>]
  /// How many of the leading bytes stem from the first character of the text to encode; see
  /// `NormalizedText`.
  private var originCount: Int
  private let limit: GrowthLimit

  init(_ bytes: [UInt8], originCount: Int) {
    self.bytes = bytes
    self.originCount = originCount
    pieces = bytes.isEmpty ? [] : [bytes.indices]
    limit = GrowthLimit(section: "pre_tokenizer", byteCount: bytes.count)
  }

  /// What happens to the delimiters when a text is split.
  enum Behavior: String, CaseIterable {
    case isolated = "Isolated"
    case removed = "Removed"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  /// Splits every piece; the delimiters are the matches of a pattern, or, if `inverted`, the text
  /// between them.
  mutating func split(
    by pattern: Pattern, _ behavior: Behavior, inverted: Bool = false
  ) throws(TokenizerError) {
    var split: [Range<Int>] = []
    var spans: [(range: Range<Int>, isDelimiter: Bool)] = []
    for piece in pieces {
      spans.removeAll(keepingCapacity: true)
      var offset = piece.lowerBound
      for match in try pattern.matches(in: bytes, piece) {
        if offset < match.lowerBound { spans.append((offset..<match.lowerBound, inverted)) }
        spans.append((match, !inverted))
        offset = match.upperBound
      }
      if offset < piece.upperBound { spans.append((offset..<piece.upperBound, inverted)) }
      split += Self.pieces(of: spans, behavior).filter { !$0.isEmpty }
    }
    pieces = split
  }

  private static func pieces(
    of spans: [(range: Range<Int>, isDelimiter: Bool)], _ behavior: Behavior
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var wasDelimiter = false
    switch behavior {
    case .isolated: return spans.map(\.range)
    case .removed: return spans.filter { !$0.isDelimiter }.map(\.range)
    case .contiguous, .mergedWithPrevious:
      for (range, isDelimiter) in spans {
        let joins =
          behavior == .contiguous ? isDelimiter == wasDelimiter : isDelimiter && !wasDelimiter
        if joins, let last = pieces.popLast() {
          pieces.append(last.lowerBound..<range.upperBound)
        } else {
          pieces.append(range)
        }
        wasDelimiter = isDelimiter
      }
      return pieces
    case .mergedWithNext:
      for (range, isDelimiter) in spans.reversed() {
        if isDelimiter, !wasDelimiter, let next = pieces.popLast() {
          pieces.append(range.lowerBound..<next.upperBound)
        } else {
          pieces.append(range)
        }
        wasDelimiter = isDelimiter
      }
      return pieces.reversed()
    }
  }

  /// Replaces the bytes of every piece.
  ///
  /// - Parameter rewrite: Appends the replacement of a piece; `startsText` says whether the piece
  ///   starts with what the text to encode starts with.
  /// - Throws: `TokenizerError.textTooLong` beyond the `GrowthLimit`.
  mutating func rewrite(
    _ rewrite: (_ piece: ArraySlice<UInt8>, _ startsText: Bool, inout [UInt8]) -> Void
  ) throws(TokenizerError) {
    var rewritten: [UInt8] = []
    rewritten.reserveCapacity(bytes.count + bytes.count / 4)
    var rewrittenCount = 0
    for index in pieces.indices {
      let (piece, start) = (pieces[index], rewritten.count)
      rewrite(bytes[piece], piece.lowerBound < originCount, &rewritten)
      try limit.check(rewritten.count)
      if piece.lowerBound < originCount {
        rewrittenCount = piece.upperBound <= originCount ? rewritten.count : start + 1
      }
      pieces[index] = start..<rewritten.count
    }
    (bytes, originCount) = (rewritten, rewrittenCount)
  }
}
