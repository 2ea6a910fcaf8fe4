package import LinearAlgebra

extension Matrix {
  /// Standard normal elements, times `scale`.
  package static func gaussian(
    _ rows: Int, _ columns: Int, scale: Double = 1, seed: UInt64
  ) -> Matrix {
    var generator = SplitMix64(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in Float(scale * generator.gaussian()) }
  }

  /// Elements of Student's t distribution with three degrees of freedom, times `scale`.
  package static func heavyTailed(
    _ rows: Int, _ columns: Int, scale: Double = 1, seed: UInt64
  ) -> Matrix {
    var generator = SplitMix64(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in Float(scale * generator.heavyTailed()) }
  }

  /// Inputs of a Linear, one row per token: correlated channels of very different sizes.
  ///
  ///     x = s ∘ (z·B + ½ noise)          z: a quarter as many factors as channels
  ///
  /// Every element is a multiple of 1/16 in [−8, 8]. So a product of two is a multiple of 1/256,
  /// and the sum of up to 1024 of them needs at most 24 bits: `Σ x xᵀ` is EXACT in float32, in
  /// whatever order it is added, and an oracle in double precision factors the same matrix.
  package static func activations(tokens: Int, channels: Int, seed: UInt64) -> Matrix {
    precondition(tokens <= 1024, "the sums of \(tokens) tokens are not exact")
    var generator = SplitMix64(seed: seed)
    let factors = max(1, channels / 4)
    let mix = (0..<factors * channels).map { _ in
      generator.gaussian() / Double(factors).squareRoot()
    }
    let sizes = (0..<channels).map { _ in 0.7 * generator.logNormal(0.6) }
    var result = Matrix(rows: tokens, columns: channels)
    for t in 0..<tokens {
      let z = (0..<factors).map { _ in generator.gaussian() }
      for c in 0..<channels {
        var x = 0.5 * generator.gaussian()
        for f in 0..<factors { x += z[f] * mix[f * channels + c] }
        let steps = (16 * sizes[c] * x).rounded(.toNearestOrEven)
        result[t, c] = Float(min(128, max(-128, steps)) / 16)
      }
    }
    return result
  }

  /// The matrix with some columns replaced by zeros.
  package func zeroing(columns dead: [Int]) -> Matrix {
    var result = self
    for i in 0..<rows {
      for j in dead { result[i, j] = 0 }
    }
    return result
  }
}
