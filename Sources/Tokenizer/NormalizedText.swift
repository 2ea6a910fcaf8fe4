/// A text that normalizers change.
struct NormalizedText {
  private(set) var bytes: [UInt8]
  /// How many of the leading bytes stem from the first character of the original text; no scalar
  /// is cut by it.
  ///
  /// Metaspace marks only a text that starts where the original starts: one that has lost its
  /// first character is not marked. The Python package finds out by tracking offsets.
  private(set) var originCount: Int
  let limit: GrowthLimit

  init(_ bytes: [UInt8]) {
    self.init(
      bytes, originCount: bytes[...].firstScalar.map(UTF8.width) ?? 0,
      GrowthLimit(section: "normalizer", byteCount: bytes.count))
  }

  init(_ bytes: [UInt8], originCount: Int, _ limit: GrowthLimit) {
    (self.bytes, self.originCount, self.limit) = (bytes, originCount, limit)
  }

  /// Puts a string before a text that is not empty.
  mutating func prepend(_ prefix: [UInt8]) throws(TokenizerError) {
    if bytes.isEmpty { return }
    try limit.check(bytes.count + prefix.count)
    bytes = prefix + bytes
    if originCount > 0 { originCount += prefix.count }
  }

  /// Removes all but a range.
  mutating func keep(_ range: Range<Int>) {
    bytes = Array(bytes[range])
    originCount = min(max(0, originCount - range.lowerBound), bytes.count)
  }

  /// Brings the text into a normalization form.
  mutating func transform(_ form: Normalizer.Form) throws(TokenizerError) {
    let origin = form.normalize(Array(bytes[..<originCount]))
    bytes = form.normalize(bytes)
    try limit.check(bytes.count)
    originCount = zip(origin, bytes).prefix { $0 == $1 }.count
    while originCount < bytes.count, UTF8.isContinuation(bytes[originCount]) { originCount -= 1 }
    // What comes next is either composed of the last origin and more, which counts, or a mark that
    // the order of marks has put before it.
    if originCount < origin.count, let next = bytes[originCount...].firstScalar,
      originCount == 0 || next.properties.canonicalCombiningClass == .notReordered
    {
      originCount += UTF8.width(next)
    }
  }

  /// Replaces every scalar; the closure appends what takes its place.
  ///
  /// - Throws: `TokenizerError.textTooLong` beyond the `GrowthLimit`.
  mutating func rewriteScalars(
    _ rewrite: (Unicode.Scalar, _ bytes: ArraySlice<UInt8>, inout [UInt8]) -> Void
  ) throws(TokenizerError) {
    var rewritten: [UInt8] = []
    rewritten.reserveCapacity(bytes.count)
    var rewrittenCount = 0
    try bytes[...].forEachScalar { (scalar, range) throws(TokenizerError) in
      rewrite(scalar, bytes[range], &rewritten)
      try limit.check(rewritten.count)
      if range.lowerBound < originCount { rewrittenCount = rewritten.count }
    }
    (bytes, originCount) = (rewritten, rewrittenCount)
  }

  /// Removes scalars.
  mutating func removeScalars(where isRemoved: (Unicode.Scalar) -> Bool) throws(TokenizerError) {
    try rewriteScalars { scalar, bytes, result in if !isRemoved(scalar) { result += bytes } }
  }

  /// Replaces the matches of a pattern; an empty text has none, not even an empty one.
  ///
  /// - Throws: `TokenizerError.matchingFailed` or `.textTooLong`.
  mutating func replace(_ pattern: Pattern, with content: [UInt8]) throws(TokenizerError) {
    if bytes.isEmpty { return }
    let matches = try pattern.matches(in: bytes, bytes.indices)
    let replaced = try bytes.replacing(matches, with: content, limit)
    originCount = originCount(replacing: matches, with: content.count)
    bytes = replaced
  }

  /// The bytes that stem from the first character after a replacement, which stems from the last
  /// scalar that it replaces, or else from the one before it.
  private func originCount(replacing matches: [Range<Int>], with contentCount: Int) -> Int {
    var (count, offset) = (0, 0)
    for match in matches where match.upperBound == 0 || offset < originCount {
      if match.lowerBound > originCount { break }
      count += match.lowerBound - offset
      guard match.upperBound == 0 || match.upperBound <= originCount else { return count }
      count += contentCount
      offset = match.upperBound
    }
    return count + max(0, originCount - offset)
  }
}
