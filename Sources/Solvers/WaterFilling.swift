// Reverse water-filling (Cover and Thomas, Elements of Information Theory, 10.3.3): independent Gaussian
// components of variances λᵢ, coded together with a mean squared error of D in all, need
//
//   R(D) = Σᵢ ½ log₂⁺ (λᵢ / θ),     Σᵢ min(θ, λᵢ) = D
//
// bits: components below the water level θ get none.

internal import Glibc
internal import Hessian
internal import LinearAlgebra
internal import Quantizer

enum WaterFilling {
  /// R(D) for each component.
  ///
  /// - Complexity: n log n.
  static func rate(_ variances: [Double], distortion: Double) -> Double {
    let sorted = variances.map { max(0, $0) }.sorted()
    var below = 0.0
    for (k, variance) in sorted.enumerated() {
      let level = (distortion - below) / Double(sorted.count - k)
      if level <= variance {
        let bits = sorted[k...].reduce(0) { $0 + 0.5 * log2($1 / level) }
        return bits / Double(sorted.count)
      }
      below += variance
    }
    return 0
  }

  /// The rate at which rows of Gaussian weights could be stored with a given loss.
  ///
  /// Row r has the variance ρᵣ τ_g in group g, so one spectrum, that of `diag(√τ) H diag(√τ)`, serves
  /// all rows.
  ///
  /// - Parameters:
  ///   - variances: the natural logarithm of σ² for each row and group.
  ///   - groupSize: the number of columns of a group.
  ///   - input: the input, for H; the channels without inputs cost nothing.
  ///   - loss: L = tr(Δ H Δᵀ).
  /// - Returns: bits for each weight; nil if H has no eigenvalues, since it is not finite.
  /// - Complexity: 4n³/3 flops.
  static func rate(
    _ variances: [[Double]], groupSize: Int, in input: InputStatistics, loss: Double
  ) -> Double? {
    let (n, rows) = (input.channels, Double(variances.count))
    let groups = variances.first?.count ?? 0
    let columns = (0..<groups).map { group in variances.reduce(0) { $0 + $1[group] } / rows }
    let mean = columns.reduce(0, +) / Double(groups)
    let shares = variances.map { exp($0.reduce(0, +) / Double(groups) - mean) }
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in i..<n {
        let scale = exp(0.5 * (columns[i / groupSize] + columns[j / groupSize]))
        matrix[i * n + j] = scale * input.upper(i, j)
      }
    }
    guard let spectrum = symmetricEigenvalues(order: n, upper: matrix) else { return nil }
    return rate(spectrum, distortion: loss / shares.reduce(0, +))
  }
}
