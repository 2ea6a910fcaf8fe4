// The matches of a pattern in a text, as the Python package `tokenizers` iterates over them.

/// A regular expression of a `tokenizer.json`.
///
/// The syntax is Ruby's as Oniguruma reads it; `^` and `$` match at the ends of lines, and only
/// U+000A ends a line. Classes such as `\p{L}` depend on the Unicode version of the installed
/// library: Debian's 6.9.8 has Unicode 14, the Python package Unicode 16. For characters of
/// Unicode 14 the classes are the same.
struct RegularExpression: Sendable {
  /// GPT-2's pattern: contractions, then words, numbers and runs of other signs, each with the
  /// space before it, then white space.
  static let gpt2 =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  let pattern: String
  private let section: String
  private let regex: OnigurumaRegex

  /// Compiles the pattern of a section.
  ///
  /// - Throws: `TokenizerError.inconsistent` with Oniguruma's reason if it rejects the pattern.
  init(_ pattern: String, _ section: Section) throws(TokenizerError) {
    // Whether this class includes symbols depends on the version of Oniguruma: in the Python
    // package it does, in Debian 12 it does not.
    for name in ["[:punct:]", "[:^punct:]"] where pattern.contains(name) {
      throw section.unsupported(
        "[:punct:] in the regular expression \(pattern)", supported: #"\p{P} and \p{S}"#)
    }
    self.pattern = pattern
    self.section = section.path
    do { regex = try OnigurumaRegex(pattern) } catch {
      throw section.inconsistent(
        "the regular expression \(pattern)", needed: "one that Oniguruma accepts: \(error.message)")
    }
  }

  /// The matches in a range of the bytes.
  ///
  /// The range is a text of its own: anchors match at its ends. An empty match that touches the match before it does not count.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8.
  ///   - range: A range that starts and ends between scalars.
  /// - Returns: The matches, in order and without overlaps.
  /// - Throws: `TokenizerError.matchingFailed` if the pattern backtracks more than `SearchBudget`
  ///   allows, exhausts the stack, or has a match that overlaps the one before it.
  /// - Complexity: O(n) for ordinary patterns, for others what `SearchBudget` allows.
  func matches(in bytes: [UInt8], _ range: Range<Int>) throws(TokenizerError) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    var budget = SearchBudget(byteCount: range.count)
    var search = OnigurumaSearch(retryLimit: budget.limit)
    let text = bytes.span.extracting(range)
    var (offset, end) = (0, -1)
    while offset <= text.count {
      switch search.firstMatch(of: regex, in: text, from: offset) {
      case .noMatch:
        return matches
      case .match(let lower, let upper):
        // With \K a match can start before the search did.
        guard max(end, 0) <= lower, lower <= upper else {
          throw failure(bytes[range], offset, "the match overlaps the one before it")
        }
        guard text.isBoundary(lower), text.isBoundary(upper) else {
          throw failure(bytes[range], offset, "the match ends within a character")
        }
        if lower == upper, upper == end {
          offset = text.endOfScalar(at: upper)
        } else {
          matches.append(range.lowerBound + lower..<range.lowerBound + upper)
          (offset, end) = (upper, upper)
        }
        search.retryLimit = try affordable(budget.startSearch(), bytes[range], offset)
      case .retryLimitReached:
        search.retryLimit = try affordable(budget.extendSearch(), bytes[range], offset)
      case .failure(let error):
        throw failure(bytes[range], offset, error.message)
      }
    }
    return matches
  }

  private func affordable(
    _ limit: UInt?, _ text: ArraySlice<UInt8>, _ offset: Int
  ) throws(TokenizerError) -> UInt {
    guard let limit else { throw failure(text, offset, "catastrophic backtracking") }
    return limit
  }

  private func failure(
    _ text: ArraySlice<UInt8>, _ offset: Int, _ reason: String
  ) -> TokenizerError {
    let rest = String(decoding: text.dropFirst(offset).prefix(160), as: UTF8.self)
    return .matchingFailed(
      section: section, pattern: pattern, byteOffset: offset, excerpt: String(rest.prefix(32)),
      reason: reason)
  }
}

extension Span<UInt8> {
  /// Whether an offset is not within a scalar.
  fileprivate func isBoundary(_ offset: Int) -> Bool {
    offset >= count || !UTF8.isContinuation(self[offset])
  }

  /// Where the scalar that starts at an offset ends; one further at the end of the text.
  fileprivate func endOfScalar(at offset: Int) -> Int {
    var end = offset + 1
    while !isBoundary(end) { end += 1 }
    return end
  }
}
