// How the Python package finds out what a replaced character stems from. For each scalar of the
// new text it notes a change: 0 if it takes the place of a scalar of the old text, 1 if it is an
// additional one, -d if it takes the place of 1 + d scalars. When characters are replaced one by
// one, the changes add up:
//
//   a → new, longer by d    the last d scalars of the new part get the change 1
//   a → new, shorter by d   the last scalar so far gets -d more; at the start of the text nothing
//
// From the changes follows the scalar of the old text, in order, that each new one stems from. They
// are not always the right ones; but they decide whether Metaspace marks the text.

/// Rewrites a text character by character, and follows how much stems from its first character.
struct OffsetRewriter {
  private let old: NormalizedText
  private var bytes: [UInt8] = []
  private var originCount = 0
  /// Where the scalar of the old text is that the next new scalar takes the place of.
  private var offset = 0
  /// The newest scalar: its change can still be corrected.
  private var last: (width: Int, change: Int)?
  /// Whether a scalar has been found that stems from a later character.
  private var isComplete = false

  init(_ text: NormalizedText) {
    old = text
    bytes.reserveCapacity(text.bytes.count)
  }

  /// The new text.
  var text: NormalizedText {
    var end = self
    end.settleLast()
    return NormalizedText(end.bytes, originCount: end.originCount, old.limit)
  }

  /// Appends a scalar of the old text.
  mutating func keep(_ scalar: ArraySlice<UInt8>) {
    bytes += scalar
    if !isComplete { append(scalar.count, change: 0) }
  }

  /// Appends what replaces a part of the old text.
  ///
  /// - Throws: `TokenizerError.textTooLong` beyond the `GrowthLimit`.
  mutating func replace(
    _ part: ArraySlice<UInt8>, with new: ArraySlice<UInt8>
  ) throws(TokenizerError) {
    try old.limit.check(bytes.count + new.count)
    bytes += new
    if isComplete { return }
    let oldCount = part.count { !UTF8.isContinuation($0) }
    var newCount = 0
    new.forEachScalar { _, range in
      newCount += 1
      append(range.count, change: newCount > oldCount ? 1 : 0)
    }
    if newCount < oldCount { last?.change -= oldCount - newCount }
  }

  private mutating func append(_ width: Int, change: Int) {
    settleLast()
    last = (width, change)
  }

  private mutating func settleLast() {
    guard let (width, change) = last else { return }
    last = nil
    isComplete = isComplete || offset - (change > 0 ? 1 : 0) >= old.originCount
    if isComplete { return }
    originCount += width
    if change > 0 { return }
    for _ in 0...(-change) { offset += old.bytes[offset...].firstScalar.map(UTF8.width) ?? 0 }
  }
}
