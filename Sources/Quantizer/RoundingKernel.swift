public import LinearAlgebra

/// Rounding to nearest on one scale and zero point, sixteen weights at a time.
///
///     q = clamp(round(w / s) + z, 0, 2^b − 1),     ŵ = s · (q − z)
///
/// Codes stay floats here: they are small integers, exact, and the loops need no conversion.
public struct RoundingKernel: Sendable {
  /// s, for each lane.
  public var scale: Lanes
  /// z, for each lane.
  public var zeroPoint: Lanes
  /// The largest code, 2^b − 1.
  public var largest: Lanes

  /// A kernel whose lanes all share one entry of a grid.
  @inlinable
  public init(scale: Float, zeroPoint: UInt8, largest: Int) {
    self.init(
      scale: Lanes(repeating: scale), zeroPoint: Lanes(repeating: Float(zeroPoint)),
      largest: largest)
  }

  /// A kernel with an entry of its own for each lane.
  @inlinable
  public init(scale: Lanes, zeroPoint: Lanes, largest: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.largest = Lanes(repeating: Float(largest))
  }

  /// The codes of sixteen weights.
  ///
  /// The clamp stands before the rounding: the same result, and no weight is too large to round.
  @inlinable @inline(__always)
  public func code(of weights: Lanes) -> Lanes {
    (weights / scale).limited(-zeroPoint, largest - zeroPoint).roundedToInteger + zeroPoint
  }

  /// The weights that sixteen codes stand for.
  @inlinable @inline(__always)
  public func value(of codes: Lanes) -> Lanes { scale * (codes - zeroPoint) }
}
