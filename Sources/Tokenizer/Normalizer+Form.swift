// Unicode normalization forms, computed by ICU through Foundation.
//
// Foundation has two interfaces to them. The properties of strings are wrong for some characters
// beyond the Basic Multilingual Plane (on Linux, U+10041 followed by a letter becomes another
// character); the text transforms used here are right. The Python package has the tables of
// Unicode 9, so characters that were added later do not take part in normalization.

import Foundation

extension Normalizer {
  /// A Unicode normalization form; the raw value is its name in the file and in ICU.
  enum Form: String {
    case composed = "NFC"
    case decomposed = "NFD"
    case compatibilityComposed = "NFKC"
    case compatibilityDecomposed = "NFKD"

    /// The text in this form.
    func normalize(_ text: [UInt8]) -> [UInt8] {
      if text.allSatisfy({ $0 < 0x80 }) { return text }
      var result: [UInt8] = []
      result.reserveCapacity(text.count)
      var start = 0
      text[...].forEachScalar { scalar, range in
        if scalar.isKnown(toUnicode: 9) { return }
        result += transform(text[start..<range.lowerBound])
        result += text[range]
        start = range.upperBound
      }
      return result + transform(text[start...])
    }

    private func transform(_ text: ArraySlice<UInt8>) -> [UInt8] {
      let text = String(decoding: text, as: UTF8.self)
      let transformed = text.applyingTransform(StringTransform(rawValue), reverse: false)
      return Array((transformed ?? text).utf8)
    }
  }
}

extension Unicode.Scalar {
  /// Whether this scalar was assigned in version `version`.0 of Unicode.
  func isKnown(toUnicode version: Int) -> Bool {
    if value < 0x300 { return true }
    guard let age = properties.age else { return false }
    return age.major < version || age.major == version && age.minor == 0
  }
}
