internal import LinearAlgebra

/// The scale and zero point of 8-bit inputs.
///
///     integers   x̂ = s · (clamp(round(x / s) + z, −128, 127) − z)
///     floats     x̂ = s · E4M3(clamp(x / s, −448, 448))
public struct ActivationGrid: Sendable, Hashable {
  /// The scale s.
  public let scale: Float
  /// The zero point z, in −128…127; 0 for a symmetric grid, and for floats.
  public let zeroPoint: Int

  /// A grid of given values.
  public init(scale: Float, zeroPoint: Int = 0) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// The grid that covers a range, chosen as engines choose it for a token.
  ///
  ///     symmetric   s = max|x| / 127                z = 0
  ///     asymmetric  s = (high − low) / 255          z = round(−128 − low / s)
  ///     floats      s = max|x| / 448                z = 0
  ///
  /// The range is extended to contain 0. If it contains nothing else, the scale is 1.
  public init(covering range: ClosedRange<Float>, _ scheme: ActivationScheme) {
    let (low, high) = (min(0, range.lowerBound), max(0, range.upperBound))
    let width =
      switch (scheme.number, scheme.isSymmetric) {
      case (.float, _), (.nvfp4, _), (.mxfp4, _): max(-low, high) / LevelTable.largestE4M3
      case (.integer, true): max(-low, high) / 127
      case (.integer, false): (high - low) / 255
      }
    let scale = width.isNormal ? width : 1
    let zero = scheme.isSymmetric ? 0 : (-128 - low / scale).rounded(.toNearestOrEven)
    self.init(scale: scale, zeroPoint: Int(max(-128, min(127, zero))))
  }
}

/// The scales of groups of 4-bit inputs, chosen while the model runs as the package compressed-tensors does.
enum GroupScale {
  /// E4M3(d · max|x| / 6) / d for a divisor d; an eighth in place of a scale that would be 0.
  static func nvfp4(covering extent: ClosedRange<Float>, divisor: Float) -> Float {
    let ideal = divisor * (extent.magnitude / LevelTable.largestE2M1)
    let limited = Lanes(repeating: min(ideal, LevelTable.largestE4M3))
    let stored = limited.roundedToE4M3[0]
    return (stored == 0 ? 0.125 : stored) / divisor
  }

  /// 2^(e − 2), where 2^e is the largest power that is not above max|x|, or the next where max|x| ≥ 1.75 · 2^e.
  ///
  /// At least 2⁻¹²⁷, the least that a byte of exponent holds.
  static func mxfp4(covering extent: ClosedRange<Float>) -> Float {
    // Half a step of a mantissa of one bit; a carry goes to the exponent.
    let raised = (extent.magnitude.bitPattern + (1 << 21)) & 0x7f80_0000
    let exponent = max(-127, Int(raised >> 23) - 127 - 2)
    return Float(sign: .plus, exponent: exponent, significand: 1)
  }
}

extension ClosedRange<Float> {
  /// The largest magnitude in the range.
  fileprivate var magnitude: Float { Swift.max(abs(lowerBound), abs(upperBound)) }
}
