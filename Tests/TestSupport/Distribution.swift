internal import Glibc
package import LinearAlgebra

/// Distributions that activations resemble.
package enum Distribution: CaseIterable, Sendable {
  /// The standard normal one.
  case normal
  /// The one of Laplace: both tails fall off exponentially.
  case laplace
  /// Normal, with one value in a thousand at 100 times the mean magnitude of the others.
  case outliers

  /// Values of the distribution.
  package func values(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in Float(value(&generator)) }
  }

  /// Inputs of a Linear, one row per token, whose channels have very different sizes.
  package func activations(tokens: Int, channels: Int, seed: UInt64) -> Matrix {
    var generator = SplitMix64(seed: seed)
    let sizes = (0..<channels).map { _ in generator.logNormal(1) }
    return Matrix(rows: tokens, columns: channels) { Float(sizes[$1] * value(&generator)) }
  }

  private func value(_ generator: inout SplitMix64) -> Double {
    switch self {
    case .normal: generator.gaussian()
    case .laplace: (generator.uniform() < 0.5 ? -1 : 1) * -log(1 - generator.uniform())
    case .outliers:
      // The mean magnitude of a standard normal variable is √(2/π).
      generator.uniform() < 0.001
        ? (generator.uniform() < 0.5 ? -100 : 100) * (2 / Double.pi).squareRoot()
        : generator.gaussian()
    }
  }
}
