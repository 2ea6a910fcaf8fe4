internal import Quantizer

/// Floats of 8 bits: a sign, 4 bits of exponent, 3 of mantissa; no infinity.
///
/// Levels are indices into the ascending table of their values.
enum E4M3 {
  /// The level of 0.
  private static let zero = 126

  /// The level that a code stands for, −0 being 0; nil for 0x7f and 0xff, which are not numbers.
  static func level(of code: UInt8) -> UInt8? {
    let magnitude = code & 0x7f
    guard magnitude < 0x7f else { return nil }
    return code & 0x80 == 0 ? UInt8(zero) + magnitude : UInt8(zero) - magnitude
  }

  /// The code of a level.
  static func code(ofLevel level: UInt8) -> UInt8 {
    level >= zero ? level - UInt8(zero) : 0x80 | (UInt8(zero) - level)
  }

  /// The value of a code; NaN for those that are not numbers.
  static func value(of code: UInt8) -> Float {
    level(of: code).map { LevelTable.e4m3.values[Int($0)] } ?? .nan
  }

  /// The code of the nearest value.
  static func code(of value: Float) -> UInt8 {
    code(ofLevel: UInt8(LevelTable.e4m3.nearestCode(to: value)))
  }
}
