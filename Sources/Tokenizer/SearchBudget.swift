// A pattern such as (a|a)*$ makes a backtracking engine try exponentially many alternatives. The
// engine can limit the retries of one search, but does not say how many a search has used. So a
// search starts with a small limit, which is doubled until the search ends; what the repetitions
// cost is taken from a budget that is linear in the length of the text.
//
//   retries in a text of n bytes ≤ 2 · (searches · limit₀ + budget(n)),   searches ≤ 2n + 1
//
// Ordinary patterns need a few retries for each byte. Between two retries the engine may scan the
// whole text, so the processor time is limited as well, to a hundred times what is usual.

internal import Glibc

/// Limits the retries and the time that all searches in a text may take together.
struct SearchBudget {
  private static let initialLimit: UInt = 256

  /// The retries that the current search may take.
  private(set) var limit = Self.initialLimit
  private var retries: UInt
  private var searches: UInt = 0
  private let seconds: Double
  /// When the time was first taken; the many texts that need few searches do without.
  private var start: Double?

  /// The budget for a text: 2²⁴ retries and 128 more for each byte; two seconds and 20 µs more for
  /// each byte.
  init(byteCount: Int) {
    retries = 1 << 24 + 128 * UInt(byteCount)
    seconds = 2 + 20e-6 * Double(byteCount)
  }

  /// Returns the limit of a new search, or nil if the time is over.
  mutating func startSearch() -> UInt? {
    searches += 1
    limit = Self.initialLimit
    return searches % 64 != 0 || hasTime() ? limit : nil
  }

  /// Doubles the limit of the current search and pays for it.
  ///
  /// - Returns: The new limit, or nil if the budget is spent.
  mutating func extendSearch() -> UInt? {
    limit *= 2
    guard limit <= retries, hasTime() else { return nil }
    retries -= limit
    return limit
  }

  private mutating func hasTime() -> Bool {
    var time = timespec()
    // Safety: the call fills the local value.
    guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return true }
    let now = Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    if start == nil { start = now }
    return now - (start ?? now) <= seconds
  }
}
