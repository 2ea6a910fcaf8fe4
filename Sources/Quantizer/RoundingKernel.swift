package import LinearAlgebra

/// Rounding to the nearest point of a group, sixteen weights at a time.
///
/// One type for each kind of points, so that a loop that is generic over kernels is compiled for each
/// and decides nothing inside. Codes are floats here: they are small integers, exact, and the loops
/// need no conversion.
package protocol RoundingKernel: Sendable {
  /// The scale s, for each lane.
  var scale: Lanes { get set }
  /// The offset z or o, for each lane; unused with a table.
  var offset: Lanes { get set }

  /// The part of every value that does not scale with s.
  var origin: Lanes { get }
  /// The points of each lane, where they are evenly spaced; nil where they are not.
  var steps: EvenSteps? { get }

  /// The codes of sixteen weights.
  func code(of weights: Lanes) -> Lanes
  /// The weights that sixteen codes stand for.
  func value(of codes: Lanes) -> Lanes
  /// The weight that a code stands for in a group with a given entry.
  func value(of code: Float, _ entry: GridEntry) -> Float
  /// The errors `ŵ − w` of sixteen weights, for searches, which compare many candidates.
  ///
  /// This multiplies with 1/s where ``code(of:)`` divides by s. The two differ only for weights
  /// within a rounding error of a tie, where both neighbours are equally far away.
  func error(of weights: Lanes) -> Lanes
  /// Σ m (ŵ − w)² over a group whose lanes share a scale and offset; without importance, m = 1.
  func squaredError(of weights: Span<Float>, _ importance: Span<Float>?) -> Float
}

extension RoundingKernel {
  /// Nothing: values are multiples of s.
  @inlinable
  public var origin: Lanes { .zero }

  /// None.
  public var steps: EvenSteps? { nil }

  /// The sum of ``error(of:)``.
  public func squaredError(of weights: Span<Float>, _ importance: Span<Float>?) -> Float {
    var sum = Lanes.zero
    var i = 0
    while i + 16 <= weights.count {
      let error = error(of: weights.lanes(at: i))
      if let importance {
        sum += error * error * importance.lanes(at: i)
      } else {
        sum += error * error
      }
      i += 16
    }
    var tail: Float = 0
    while i < weights.count {
      let error = error(of: Lanes(repeating: weights[i]))[0]
      tail += error * error * (importance?[i] ?? 1)
      i += 1
    }
    return sum.sum() + tail
  }

  /// The kernel with a scale and offset that all lanes share.
  @inline(__always)
  func at(_ scale: Float, _ offset: Float) -> Self {
    var kernel = self
    (kernel.scale, kernel.offset) = (Lanes(repeating: scale), Lanes(repeating: offset))
    return kernel
  }

  /// The kernel of an entry.
  @inline(__always)
  func at(_ entry: GridEntry) -> Self { at(entry.scale, entry.offset) }
}

extension UInt8 {
  /// The code in a lane; 0 where its target is no number, as errors can make it that have no bound in a range far too
  /// narrow.
  @inlinable @inline(__always)
  package init(lane code: Float) { self.init(Swift.max(0, code)) }
}

/// Rounding to evenly spaced points around an integer zero point.
///
///     q = clamp(round(w / s) + z, 0, 2^b − 1),     ŵ = s · (q − z)
package struct ZeroPointKernel: RoundingKernel {
  /// The scale s, for each lane.
  public var scale = Lanes(repeating: 1)
  /// The zero point z, for each lane.
  public var offset = Lanes.zero
  @usableFromInline let largest: Lanes

  /// The multiples of s from −z to largest − z.
  public var steps: EvenSteps? {
    EvenSteps(scale: scale, origin: .zero, low: -offset, high: largest - offset)
  }

  /// A kernel with the scale 1 and the zero point 0.
  public init(largestCode: Int) { largest = Lanes(repeating: Float(largestCode)) }

  /// The codes of sixteen weights.
  ///
  /// Clamping before rounding gives the same codes, and no weight is too large to round.
  @inlinable @inline(__always)
  public func code(of weights: Lanes) -> Lanes {
    (weights / scale).limited(-offset, largest - offset).roundedToInteger + offset
  }

  /// The weights that sixteen codes stand for.
  @inlinable @inline(__always)
  public func value(of codes: Lanes) -> Lanes { scale * (codes - offset) }

  /// The weight that a code stands for.
  @inline(__always)
  public func value(of code: Float, _ entry: GridEntry) -> Float {
    entry.scale * (code - entry.offset)
  }

  /// The errors of sixteen weights, for searches.
  @inlinable @inline(__always)
  public func error(of weights: Lanes) -> Lanes {
    (weights * (1 / scale)).limited(-offset, largest - offset).roundedToInteger * scale - weights
  }

  /// The sum of ``error(of:)``, for the most frequent search of all.
  public func squaredError(of weights: Span<Float>, _ importance: Span<Float>?) -> Float {
    VectorMath.zeroPointError(
      of: weights, importance: importance, scale: scale[0], zeroPoint: offset[0],
      largestCode: largest[0])
  }
}

/// Rounding to evenly spaced points from a floating-point offset.
///
///     q = clamp(round((w − o) / s), 0, 2^b − 1),     ŵ = s · q + o
package struct OffsetKernel: RoundingKernel {
  /// The scale s, for each lane.
  public var scale = Lanes(repeating: 1)
  /// The offset o, for each lane.
  public var offset = Lanes.zero
  @usableFromInline let largest: Lanes

  /// The offset.
  @inlinable
  public var origin: Lanes { offset }

  /// The multiples of s from 0 to largest, moved by the offset.
  public var steps: EvenSteps? {
    EvenSteps(scale: scale, origin: offset, low: .zero, high: largest)
  }

  /// A kernel with the scale 1 and the offset 0.
  public init(largestCode: Int) { largest = Lanes(repeating: Float(largestCode)) }

  /// The codes of sixteen weights.
  @inlinable @inline(__always)
  public func code(of weights: Lanes) -> Lanes {
    ((weights - offset) / scale).limited(.zero, largest).roundedToInteger
  }

  /// The weights that sixteen codes stand for.
  @inlinable @inline(__always)
  public func value(of codes: Lanes) -> Lanes { scale * codes + offset }

  /// The weight that a code stands for.
  @inline(__always)
  public func value(of code: Float, _ entry: GridEntry) -> Float {
    entry.scale * code + entry.offset
  }

  /// The errors of sixteen weights, for searches.
  @inlinable @inline(__always)
  public func error(of weights: Lanes) -> Lanes {
    let steps = ((weights - offset) * (1 / scale)).limited(.zero, largest).roundedToInteger
    return value(of: steps) - weights
  }
}
