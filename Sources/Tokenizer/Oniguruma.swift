// All calls to Oniguruma, the engine that the Python package `tokenizers` uses for its patterns.
//
// As there, patterns have Ruby's syntax and texts are UTF-8. A compiled pattern is only read while
// it is matched, so any number of threads may share it; what a search writes to (the region and
// the limits) belongs to one `OnigurumaSearch`.

internal import COniguruma
internal import Synchronization

/// A compiled pattern.
///
/// Safety: `regex` is created here, never reassigned, and freed when the last reference is gone.
@safe final class OnigurumaRegex: Sendable {
  fileprivate nonisolated(unsafe) let regex: OnigRegex

  /// The status of the library's initialization, guarded by the lock under which patterns are
  /// compiled: only searches are taken to be thread-safe, as in the Python package.
  private static let library = Mutex(shim_onig_initialize())

  /// Compiles a pattern.
  ///
  /// - Throws: `OnigurumaError`, the library's description of what is wrong with the pattern.
  init(_ pattern: String) throws(OnigurumaError) {
    let pattern = Array(pattern.utf8)
    var compiled: OnigRegex?
    // Safety: the pattern is only read during the call, within its bounds. The error info points
    // into the pattern, so the message is made before the closure returns.
    let error: OnigurumaError? = Self.library.withLock { status in
      guard status == ONIG_NORMAL else { return OnigurumaError(code: status) }
      return unsafe pattern.withUnsafeBufferPointer { pattern in
        var info = unsafe OnigErrorInfo()
        let end = unsafe pattern.baseAddress.map { unsafe $0 + pattern.count }
        let code = unsafe shim_onig_new(&compiled, pattern.baseAddress, end, &info)
        return code == ONIG_NORMAL ? nil : unsafe OnigurumaError(code: code, &info)
      }
    }
    if let error { throw error }
    guard let compiled = unsafe compiled else { throw OnigurumaError(code: ONIGERR_MEMORY) }
    unsafe regex = compiled
  }

  deinit { unsafe onig_free(regex) }
}

/// One thread's searches with patterns.
///
/// Safety: `limits` is created here and freed with the value, which cannot be copied. The region's
/// arrays are allocated by the library and freed likewise.
@safe struct OnigurumaSearch: ~Copyable {
  enum Outcome {
    /// The bytes of the match. With `\K` in the pattern it may start before the search did.
    case match(start: Int, end: Int)
    case noMatch
    /// The search was given up after `retryLimit` retries.
    case retryLimitReached
    case failure(OnigurumaError)
  }

  /// The number of failed alternatives after which a search is given up.
  var retryLimit: UInt

  /// The limit for the alternatives that a search keeps open.
  ///
  /// An entry takes 32 bytes, so the stack is limited to 256 MiB. A repetition usually keeps one
  /// entry for each character that it matches.
  private static let stackLimit: UInt32 = 8 << 20

  private var region = unsafe OnigRegion()
  private let limits: OpaquePointer?

  init(retryLimit: UInt) {
    self.retryLimit = retryLimit
    unsafe limits = onig_new_match_param()
    if let limits = unsafe limits {
      unsafe onig_set_match_stack_limit_size_of_match_param(limits, Self.stackLimit)
      // Oniguruma also limits the retries at each start, to ten million; here the whole search is
      // limited instead.
      unsafe onig_set_retry_limit_in_match_of_match_param(limits, .max)
    }
  }

  deinit {
    // Safety: with 0, the library frees the region's arrays but not the region itself.
    var region = unsafe region
    unsafe onig_region_free(&region, 0)
    if let limits = unsafe limits { unsafe onig_free_match_param(limits) }
  }

  /// Finds the first match that starts at or after an offset.
  ///
  /// - Precondition: `text` is UTF-8 and `start`, between 0 and its length, the start of a scalar.
  mutating func firstMatch(of pattern: OnigurumaRegex, in text: Span<UInt8>, from start: Int)
    -> Outcome
  {
    precondition((0...text.count).contains(start), "offset \(start) of \(text.count) bytes")
    // The library counts bytes in 32 bits.
    guard let limits = unsafe limits, text.count <= Int32.max else {
      return .failure(OnigurumaError(code: ONIGERR_MEMORY))
    }
    unsafe onig_set_retry_limit_in_search_of_match_param(limits, retryLimit)
    // Safety: the text is only read during the call, between addresses within its bounds; the
    // empty text, which has no address, gets one that is not read.
    let code = unsafe text.withUnsafeBufferPointer { text in
      var empty: UInt8 = 0
      return unsafe withUnsafePointer(to: &empty) { empty in
        let base = unsafe text.baseAddress ?? empty
        let end = unsafe base + text.count
        return unsafe onig_search_with_param(
          pattern.regex, base, end, base + start, end, &region, ONIG_OPTION_NONE, limits)
      }
    }
    switch code {
    case ONIG_MISMATCH: return .noMatch
    case ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER, ONIGERR_RETRY_LIMIT_IN_MATCH_OVER:
      return .retryLimitReached
    case ..<0: return .failure(OnigurumaError(code: code))
    default:
      // Safety: after a match the region has at least the entry of the whole match.
      return unsafe .match(start: Int(region.beg[0]), end: Int(region.end[0]))
    }
  }
}

/// A status of Oniguruma other than success.
struct OnigurumaError: Error {
  let message: String

  fileprivate init(code: Int32) {
    var info = unsafe OnigErrorInfo()
    unsafe self.init(code: code, &info)
  }

  fileprivate init(code: Int32, _ info: inout OnigErrorInfo) {
    // Safety: the library writes at most ONIG_MAX_ERROR_MESSAGE_LEN bytes and returns their number.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(ONIG_MAX_ERROR_MESSAGE_LEN)) {
      buffer, count in
      count = unsafe Int(max(shim_onig_message(buffer.baseAddress, code, &info), 0))
    }
    message = String(decoding: bytes, as: UTF8.self)
  }
}
