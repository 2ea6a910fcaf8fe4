/// A regular expression for short texts such as names of tensors, which has to match from their start.
///
/// The syntax is Oniguruma's. A pattern may come from a file of anybody's, so a search that backtracks
/// without end is given up.
package struct PrefixPattern: Sendable {
  private let regex: OnigurumaRegex

  /// The alternatives that a search may try; a pattern of ordinary size needs a few for each character.
  private static let retryLimit: UInt = 1 << 20

  /// A pattern; nil if it cannot be read.
  package init?(_ pattern: String) {
    guard let regex = try? OnigurumaRegex("\\A(?:\(pattern))") else { return nil }
    self.regex = regex
  }

  /// Whether the pattern matches a text from its start; nil if the search was given up.
  package func matches(_ text: String) -> Bool? {
    var search = OnigurumaSearch(retryLimit: Self.retryLimit)
    let bytes = Array(text.utf8)
    return switch search.firstMatch(of: regex, in: bytes.span, from: 0) {
    case .match: true
    case .noMatch: false
    case .retryLimitReached, .failure: nil
    }
  }
}
