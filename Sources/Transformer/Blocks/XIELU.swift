internal import Glibc
internal import LinearAlgebra

/// The activation function xIELU with learned parameters (Huang and Schlag 2024, arXiv 2411.13010).
///
///     f(x) = aₚ x² + β x                             for x > 0
///            aₙ (exp(min(x, ε)) − 1 − x) + β x       otherwise
///
/// with aₚ = softplus(alpha_p) and aₙ = β + softplus(alpha_n).
public struct XIELU: Sendable {
  /// The four stored numbers.
  let vectors: [StoredVector]

  /// The function whose parameters are stored below a key.
  public init(_ module: String) {
    vectors = [("alpha_p", [1]), ("alpha_n", [1]), ("beta", []), ("eps", [])].map {
      StoredVector("\(module).\($0.0)", dimensions: $0.1)
    }
  }

  /// f applied to every element.
  func applied(to x: Matrix, _ weights: BlockWeights) -> Matrix {
    let stored = vectors.map { weights.vector($0)[0] }
    let (beta, epsilon) = (stored[2], stored[3])
    let (positive, negative) = (log1pf(expf(stored[0])), beta + log1pf(expf(stored[1])))
    var result = x
    result.parallelRowBlocks(of: 64) { range, block in
      for i in range.indices {
        var row = block.mutableRow(i - range.lowerBound)
        for j in row.indices {
          let x = row[j]
          let curve = x > 0 ? positive * x * x : negative * (expm1f(min(x, epsilon)) - x)
          row[j] = curve + beta * x
        }
      }
    }
    return result
  }
}
