// Unicode's normalization forms, by ICU.
//
// Foundation offers them twice: as properties of strings, which err for characters beyond the Basic
// Multilingual Plane (on Linux, U+10041 before any letter becomes another character), and as text
// transforms, which are right. The Python package has the tables of Unicode 9; characters that came
// later are inert there, so they are here.

import Foundation

extension Normalizer {
  /// A normalization form of Unicode.
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
      for (scalar, range) in UTF8Scalars(text[...]) where !scalar.isKnown(toUnicode: 9) {
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
  /// Whether a major version of Unicode has this scalar.
  func isKnown(toUnicode version: Int) -> Bool {
    if value < 0x300 { return true }
    guard let age = properties.age else { return false }
    return age.major < version || age.major == version && age.minor == 0
  }
}
