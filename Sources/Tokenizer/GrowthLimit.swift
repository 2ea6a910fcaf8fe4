/// Limits how long the steps of a section may make a text.
///
/// Every step may lengthen it: the byte-level alphabet doubles it, NFKD can multiply it by eleven,
/// a replacement has any length. A file can chain steps, and then the growth is exponential in
/// the length of the file.
struct GrowthLimit {
  let section: String
  let byteCount: Int
  private let limit: Int

  /// The limit for a text of a given length: 64 times that length, and 64 KiB for short texts.
  init(section: String, byteCount: Int) {
    self.section = section
    self.byteCount = byteCount
    limit = 64 * byteCount + 1 << 16
  }

  /// Checks the length that a step needs for its result.
  ///
  /// - Throws: `TokenizerError.textTooLong`.
  func check(_ needed: Int) throws(TokenizerError) {
    guard needed <= limit else {
      throw .textTooLong(section: section, byteCount: byteCount, limit: limit)
    }
  }
}
