// Hadamard matrices: entries ±1, rows orthogonal.
//
//   H₂ₙ = [H H; H −H]                                        Sylvester 1867
//   H_{q+1}  = I + [0 1; −1 Q],  q ≡ 3 mod 4                  Paley 1933, first construction
//   H_{2(q+1)} = C ⊗ [1 1; 1 −1] + I ⊗ [1 −1; −1 −1],  q ≡ 1 mod 4      second construction
//
// with q prime, Q the matrix of quadratic residues χ(i − j), and C = [0 1; 1 Q]. Together they cover
// nearly all widths of language models: 576 = 16 · 36, 896 = 32 · 28, 1536 = 128 · 12.

internal import Glibc

/// Orthogonal matrices whose entries all have nearly the same magnitude.
///
/// Multiplied by one of them, a vector with a few large values spreads evenly.
package enum Hadamard {
  /// A Hadamard matrix divided by √order, with signs on its rows.
  ///
  /// Where no such matrix of that order is known, it is the discrete cosine transform, whose entries
  /// are at most √2 times as large.
  ///
  /// - Parameters:
  ///   - order: the number of rows.
  ///   - seed: what the signs follow from.
  /// - Returns: an orthogonal matrix, `[order, order]`.
  package static func orthogonal(_ order: Int, seed: UInt64) -> Matrix {
    var state = seed
    let flips = (0..<order).map { _ in Self.bit(&state) ? Float(1) : -1 }
    guard let signs = signs(order) else {
      let scale = (2 / Double(order)).squareRoot()
      return Matrix(rows: order, columns: order) { i, j in
        let angle = Double.pi * Double(j) * (Double(i) + 0.5) / Double(order)
        return flips[i] * Float(scale * (j == 0 ? 0.5.squareRoot() : cos(angle)))
      }
    }
    let scale = 1 / Float(order).squareRoot()
    return Matrix(rows: order, columns: order) { flips[$0] * scale * Float(signs[$0][$1]) }
  }

  /// A Hadamard matrix of an order; nil where none of the constructions fits.
  static func signs(_ order: Int) -> [[Int]]? {
    if order == 1 { return [[1]] }
    guard order > 1, order % 2 == 0 else { return nil }
    if let half = signs(order / 2) {
      return half.map { $0 + $0 } + half.map { row in row + row.map { -$0 } }
    }
    if isPrime(order - 1), (order - 1) % 4 == 3 { return paley(order - 1) }
    let q = order / 2 - 1
    guard order % 4 == 0, isPrime(q), q % 4 == 1 else { return nil }
    // Each entry of C, or of I on the diagonal, becomes a square of four.
    let bordered = bordered(q, corner: 1)
    return (0..<order).map { i in
      (0..<order).map { j in
        let sign = i % 2 == 1 && j % 2 == 1 ? -1 : 1
        guard i / 2 == j / 2 else { return bordered[i / 2][j / 2] * sign }
        return i % 2 == 0 && j % 2 == 0 ? 1 : -1
      }
    }
  }

  private static func paley(_ q: Int) -> [[Int]] {
    var result = bordered(q, corner: -1)
    for i in result.indices { result[i][i] += 1 }
    return result
  }

  /// Q with a border of ones above it, and of `corner` on its left.
  private static func bordered(_ q: Int, corner: Int) -> [[Int]] {
    let squares = Set((1..<q).map { $0 * $0 % q })
    let residue = (0..<q).map { $0 == 0 ? 0 : squares.contains($0) ? 1 : -1 }
    let top = [0] + [Int](repeating: 1, count: q)
    return [top] + (0..<q).map { i in [corner] + (0..<q).map { residue[(i - $0 + q) % q] } }
  }

  private static func isPrime(_ n: Int) -> Bool {
    n > 1 && !(2..<n).prefix { $0 * $0 <= n }.contains { n % $0 == 0 }
  }

  /// One bit of SplitMix64 (Steele, Lea and Flood 2014).
  private static func bit(_ state: inout UInt64) -> Bool {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return (z ^ (z >> 31)) >> 63 == 1
  }
}
