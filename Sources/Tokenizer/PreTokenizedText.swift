/// A text and the pieces it was split into, on the way to the model.
struct PreTokenizedText {
  private(set) var bytes: [UInt8]
  /// Ranges of `bytes`: ascending, without empty ones, maybe with gaps.
  private(set) var pieces: [Range<Int>]
  /// Whether the first byte is the first of the whole text to encode.
  private var startsText: Bool

  init(_ bytes: [UInt8], startsText: Bool) {
    self.bytes = bytes
    self.startsText = startsText
    pieces = bytes.isEmpty ? [] : [bytes.indices]
  }

  /// What becomes of the delimiters where a text is split.
  enum Behavior: String, CaseIterable {
    case isolated = "Isolated"
    case removed = "Removed"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  /// Splits every piece at the matches of a pattern, or between them if `inverted`.
  mutating func split(
    by pattern: Pattern, _ behavior: Behavior, inverted: Bool = false
  ) throws(TokenizerError) {
    var split: [Range<Int>] = []
    var spans: [(range: Range<Int>, isMatch: Bool)] = []
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
    of spans: [(range: Range<Int>, isMatch: Bool)], _ behavior: Behavior
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var wasMatch = false
    switch behavior {
    case .isolated: return spans.map(\.range)
    case .removed: return spans.filter { !$0.isMatch }.map(\.range)
    case .contiguous, .mergedWithPrevious:
      for (range, isMatch) in spans {
        let joins = behavior == .contiguous ? isMatch == wasMatch : isMatch && !wasMatch
        if joins, let last = pieces.popLast() {
          pieces.append(last.lowerBound..<range.upperBound)
        } else {
          pieces.append(range)
        }
        wasMatch = isMatch
      }
      return pieces
    case .mergedWithNext:
      for (range, isMatch) in spans.reversed() {
        if isMatch, !wasMatch, let next = pieces.popLast() {
          pieces.append(range.lowerBound..<next.upperBound)
        } else {
          pieces.append(range)
        }
        wasMatch = isMatch
      }
      return pieces.reversed()
    }
  }

  /// Replaces the bytes of every piece.
  ///
  /// - Parameter rewrite: Appends what stands for a piece; learns whether the text starts with it.
  mutating func rewrite(
    _ rewrite: (_ piece: ArraySlice<UInt8>, _ startsText: Bool, inout [UInt8]) -> Void
  ) {
    var rewritten: [UInt8] = []
    rewritten.reserveCapacity(bytes.count + bytes.count / 4)
    startsText = startsText && pieces.first?.lowerBound == 0
    for index in pieces.indices {
      let start = rewritten.count
      rewrite(bytes[pieces[index]], startsText && index == 0, &rewritten)
      pieces[index] = start..<rewritten.count
    }
    bytes = rewritten
  }
}
