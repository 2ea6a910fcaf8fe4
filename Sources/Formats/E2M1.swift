/// The floats of 4 bits: a bit for the sign above an index into 0, ½, 1, 1½, 2, 3, 4, 6.
enum E2M1 {
  /// The code of a level, an index into the ascending table, in which 0 is the eighth.
  static func code(of level: UInt8) -> UInt8 { level >= 7 ? level - 7 : 8 | (7 - level) }

  /// The level that a code stands for; −0 is 0.
  static func level(of code: UInt8) -> UInt8 { code < 8 ? 7 + code : 7 - (code & 7) }
}
