// The doubles that the Python package reads. Its JSON reader, serde_json, does not round a literal
// to the nearest double: it takes the digits as an integer w, without those that exceed 64 bits,
// and computes
//
//   value = double(w) · 10^e,   or double(w) / 10^|e| for e < 0
//
// in which each step rounds. One score in seven differs in its last bit, and that bit decides
// between two paths of a Unigram model that have the same pieces in another order.

import JSON

extension JSONNumber {
  private static let powersOfTen = (0...308).map { Double("1e\($0)") ?? .infinity }

  /// The value as serde_json reads it, or nil if it is out of range.
  var serdeDouble: Double? {
    let parts = literal.utf8.split { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
    guard let digits = parts.first else { return nil }
    let (significand, shift) = Self.significand(digits)
    let exponent = parts.count == 2 ? Self.exponent(parts[1]) : 0
    let value = Self.scale(Double(significand), by: exponent + shift)
    return digits.first == UInt8(ascii: "-") ? value.map(-) : value
  }

  /// An exponent; one that does not fit has the effect of a very large one.
  private static func exponent(_ digits: Substring.UTF8View) -> Int {
    if let exponent = Int32(String(decoding: digits, as: UTF8.self)) { return Int(exponent) }
    return Int(digits.first == UInt8(ascii: "-") ? Int32.min : Int32.max)
  }

  /// The digits as an integer, and the power of ten that it is to be multiplied by.
  private static func significand(_ digits: Substring.UTF8View) -> (UInt64, exponent: Int) {
    var (significand, exponent) = (UInt64(0), 0)
    var (isFraction, isFull) = (false, false)
    for byte in digits where byte != UInt8(ascii: "-") {
      if byte == UInt8(ascii: ".") {
        isFraction = true
        continue
      }
      let (tenfold, overflows) = significand.multipliedReportingOverflow(by: 10)
      let (sum, carries) = tenfold.addingReportingOverflow(UInt64(byte &- UInt8(ascii: "0")))
      isFull = isFull || overflows || carries
      if !isFull { significand = sum }
      if isFull != isFraction { exponent += isFull ? 1 : -1 }
    }
    return (significand, exponent)
  }

  private static func scale(_ significand: Double, by exponent: Int) -> Double? {
    var (value, exponent) = (significand, exponent)
    while value != 0, exponent < -308 {
      value /= 1e308
      exponent += 308
    }
    if value == 0 { return value }
    guard exponent <= 308 else { return nil }
    let power = powersOfTen[abs(exponent)]
    value = exponent < 0 ? value / power : value * power
    return value.isFinite ? value : nil
  }
}
