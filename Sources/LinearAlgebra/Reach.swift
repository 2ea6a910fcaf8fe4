// Squares of floats leave float32 long before the floats do: 1e-23 squared is 0, and 1e20 squared infinite.
// Sums of products that are within its reach are computed in float32 lanes, as ever; the others need more.

extension VectorMath {
  /// The inner product of two rows: that of ``dot(_:_:)``, unless its float32 sum may have lost the
  /// products, because they are too large or too small; then that of doubles.
  package static func wideDot(_ a: Span<Float>, _ b: Span<Float>) -> Double {
    let sum = Double(dot(a, b))
    guard !isInReach(sum) else { return sum }
    return a.indices.reduce(0) { $0 + Double(a[$1]) * Double(b[$1]) }
  }

  /// Whether a float32 sum of products of this size has lost none of them that matter.
  @inlinable
  package static func isInReach(_ sum: Double) -> Bool { (1e-25...1e35).contains(abs(sum)) }
}

extension Matrix {
  /// The power of two by which a matrix must be divided before its elements can be multiplied with one
  /// another, given the sum of its squares; 1 for ordinary matrices, so that they stay as they are.
  package func unit(ofEnergy energy: Double) -> Float {
    (1e-20...1e30).contains(energy) ? 1 : elements.reduce(0) { max($0, abs($1)) }.powerOfTwo
  }

  /// The matrix divided by a power of two; itself for 1.
  package func divided(by unit: Float) -> Matrix {
    guard unit != 1 else { return self }
    var result = self
    var elements = result.mutableElements
    for i in elements.indices { elements[i] /= unit }
    return result
  }
}

extension Float {
  /// The largest power of two that is not above a positive number; 1 for all others.
  package var powerOfTwo: Float {
    self > 0 && isFinite ? Float(sign: .plus, exponent: Int(exponent), significand: 1) : 1
  }
}
