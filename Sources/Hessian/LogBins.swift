/// Bins that are a sixteenth of an octave wide, so that no range has to be known in advance.
///
///     …, −(1 + 2/16)·2ᵉ … −(1 + 1/16)·2ᵉ, …,  zero,  …, (1 + 1/16)·2ᵉ … (1 + 2/16)·2ᵉ, …
///
/// with e from −24 to 23. A float's exponent and the first four bits of its fraction are its bin. So
/// a value is known to a sixteenth of itself, and dividing all values by s divides the edges by s.
enum LogBins {
  /// The number of bins of one sign: 48 octaves of 16.
  private static let perSign = 48 * 16
  /// The bin of all |x| < 2⁻²⁴; negative bins come before it, positive ones after it.
  static let zero = perSign
  /// The total number of bins.
  static let count = 2 * perSign + 1
  /// The exponent and the first four fraction bits of 2⁻²⁴ as a float has them.
  private static let first = (127 - 24) << 4

  /// The bin of a value, or the outermost one if it lies beyond; nil if it is not finite.
  @inline(__always)
  static func index(of x: Float) -> Int? {
    let bits = Int(x.bitPattern & 0x7FFF_FFFF)
    guard bits < Int(Float.infinity.bitPattern) else { return nil }
    let magnitude = min(perSign, max(0, bits &>> 19 &- (first &- 1)))
    // Negates for −1 and not for 0: random signs would mispredict a branch.
    let sign = Int(Int32(bitPattern: x.bitPattern) &>> 31)
    return zero &+ (magnitude ^ sign) &- sign
  }

  /// The ends of a bin, the lower one first.
  ///
  /// The outermost bins have no outer end, because they hold everything beyond.
  static func range(of bin: Int) -> (low: Double, high: Double) {
    let magnitude = abs(bin - zero)
    let (inner, outer) =
      magnitude == 0 ? (-edge(0), edge(0)) : (edge(magnitude - 1), edge(magnitude))
    return bin < zero ? (-outer, -inner) : (inner, outer)
  }

  /// The edge between the magnitude bins `i` and `i + 1`, where bin 0 is that of zero.
  private static func edge(_ i: Int) -> Double {
    guard i < perSign else { return .infinity }
    return Double(Float(bitPattern: UInt32(first + i) << 19))
  }
}
