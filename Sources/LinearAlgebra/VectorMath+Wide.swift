internal import CLanes

// Loops in C, compiled for several instruction sets: the rest of the program is compiled for every x86-64, and its
// lanes are four vectors each. The bits do not depend on the instruction set.
//
// Safety: the loops read and write as many elements as they are told, which all spans have.

extension VectorMath {
  /// A weighted sum of vectors of sixteen lanes, `Σ wₖ·vₖ`, in four sums.
  ///
  /// - Precondition: there is a vector for each weight.
  public static func weightedSum(_ weights: Span<Float>, _ vectors: Span<Lanes>) -> Lanes {
    precondition(
      weights.count == vectors.count, "\(weights.count) weights for \(vectors.count) vectors")
    var sum = Lanes.zero
    guard !weights.isEmpty else { return sum }
    // Safety: a vector is sixteen floats.
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe vectors.withUnsafeBytes { vectors in
        unsafe withUnsafeMutableBytes(of: &sum) { sum in
          unsafe ptq_weighted_sum(
            weights.baseAddress, vectors.baseAddress?.assumingMemoryBound(to: Float.self),
            weights.count, sum.baseAddress?.assumingMemoryBound(to: Float.self))
        }
      }
    }
    return sum
  }

  /// The squared error of weights at evenly spaced points around a zero point:
  /// `Σ mᵢ (ŵᵢ − wᵢ)²`, `ŵ = s·(clamp(round(w·(1/s)) + z, 0, largest) − z)`.
  ///
  /// - Precondition: there is an importance m for each weight, or none for all, where m = 1.
  package static func zeroPointError(
    of weights: Span<Float>, importance: Span<Float>?, scale: Float, zeroPoint: Float,
    largestCode: Float
  ) -> Float {
    guard !weights.isEmpty else { return 0 }
    return unsafe weights.withUnsafeBufferPointer { values in
      guard let importance else {
        return unsafe ptq_zero_point_error(
          values.baseAddress, nil, values.count, scale, zeroPoint, largestCode)
      }
      precondition(importance.count == values.count, "\(importance.count) of \(values.count)")
      return unsafe importance.withUnsafeBufferPointer { importance in
        unsafe ptq_zero_point_error(
          values.baseAddress, importance.baseAddress, values.count, scale, zeroPoint, largestCode)
      }
    }
  }

  /// The gate of a SwiGLU MLP: `gᵢ ← gᵢ / (1 + exp(−gᵢ)) · uᵢ`.
  ///
  /// - Precondition: the spans have the same length.
  public static func gateSiLU(_ gate: inout MutableSpan<Float>, times up: Span<Float>) {
    precondition(gate.count == up.count, "\(gate.count) gates for \(up.count) values")
    unsafe gate.withUnsafeMutableBufferPointer { gate in
      unsafe up.withUnsafeBufferPointer { up in
        unsafe ptq_gate_silu(gate.baseAddress, up.baseAddress, gate.count)
      }
    }
  }

  /// The largest element, or −infinity if there is none; unspecified if there is a NaN.
  public static func maximum(_ a: Span<Float>) -> Float {
    unsafe a.withUnsafeBufferPointer { a in unsafe ptq_maximum(a.baseAddress, a.count) }
  }

  /// Replaces each element by `exp(xᵢ − offset)` and returns their sum.
  static func exponentials(of x: inout MutableSpan<Float>, minus offset: Float) -> Float {
    unsafe x.withUnsafeMutableBufferPointer { x in
      unsafe ptq_exponentials(x.baseAddress, x.count, offset)
    }
  }
}
