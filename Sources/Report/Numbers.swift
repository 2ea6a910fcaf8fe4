internal import Foundation

/// Numbers as text for people.
package enum Numbers {
  /// A ratio in per cent with three significant digits; a dash for nil.
  package static func percent(_ ratio: Double?) -> String {
    guard let ratio else { return "-" }
    let value = 100 * ratio
    if value == 0 { return "0" }
    guard value.isFinite else { return "\(value)" }
    let digits = max(0, min(6, 2 - Int(log10(abs(value)).rounded(.down))))
    return String(format: "%.\(digits)f", value)
  }

  /// A number with a given number of digits after the point.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// A number with three digits and a power of ten: "1.23e-05".
  package static func scientific(_ value: Double) -> String { String(format: "%.2e", value) }

  /// A time: "48 s", "3 min 05 s", "2 h 07 min".
  package static func duration(_ seconds: Double) -> String {
    guard seconds.magnitude < 1e15 else { return "\(seconds) s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return seconds < 9.95 ? "\(fixed(seconds, 1)) s" : "\(whole) s" }
    if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
    return String(format: "%d h %02d min", whole / 3600, whole / 60 % 60)
  }

  /// Bytes in a unit that fits: "4.2 GB", "310 MB".
  package static func bytes(_ count: Int) -> String {
    count >= 1_000_000_000
      ? "\(fixed(Double(count) / 1e9, 1)) GB"
      : "\(fixed((Double(count) / 1e6).rounded(.up), 0)) MB"
  }

  /// A count with a space between thousands: "106 168 320".
  package static func count(_ value: Int) -> String {
    var digits = String(value)
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits.removeLast(3)
    }
    return ([Substring(digits)] + groups).joined(separator: " ")
  }
}
