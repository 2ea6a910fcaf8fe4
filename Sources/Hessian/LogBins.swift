/// Bins whose width is a sixteenth of their octave, so that no range has to be known beforehand.
///
///     …, −(1 + 2/16)·2ᵉ … −(1 + 1/16)·2ᵉ, …,  zero,  …, (1 + 1/16)·2ᵉ … (1 + 2/16)·2ᵉ, …
///
/// with e from −24 to 23. The exponent and the first four bits of the fraction of a float are its
/// bin. A value is known to a sixteenth of itself; dividing all values by s divides the edges by s.
enum LogBins {
  /// Bins of one sign: 48 octaves of 16.
  private static let perSign = 48 * 16
  /// The bin of all |x| < 2⁻²⁴; the negative ones are before it, the positive ones behind.
  static let zero = perSign
  /// The number of all bins.
  static let count = 2 * perSign + 1
  /// The exponent and four bits of the fraction of 2⁻²⁴, as they stand in a float.
  private static let first = (127 - 24) << 4

  /// The bin of a value, the outermost one for what lies beyond; nil if the value is not finite.
  @inline(__always)
  static func index(of x: Float) -> Int? {
    let bits = Int(x.bitPattern & 0x7FFF_FFFF)
    guard bits < Int(Float.infinity.bitPattern) else { return nil }
    let magnitude = min(perSign, max(0, bits &>> 19 &- (first &- 1)))
    // Without a branch, which random signs would mispredict: −1 negates, 0 does not.
    let sign = Int(Int32(bitPattern: x.bitPattern) &>> 31)
    return zero &+ (magnitude ^ sign) &- sign
  }

  /// The ends of a bin, the lower one first.
  ///
  /// The outermost bins have no outer end, since they hold all that lies beyond.
  static func range(of bin: Int) -> (low: Double, high: Double) {
    let magnitude = abs(bin - zero)
    let (inner, outer) =
      magnitude == 0 ? (-edge(0), edge(0)) : (edge(magnitude - 1), edge(magnitude))
    return bin < zero ? (-outer, -inner) : (inner, outer)
  }

  /// The end between the magnitude bins `i` and `i + 1`, where bin 0 is the one of zero.
  private static func edge(_ i: Int) -> Double {
    guard i < perSign else { return .infinity }
    return Double(Float(bitPattern: UInt32(first + i) << 19))
  }
}
