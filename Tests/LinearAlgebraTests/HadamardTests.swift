import TestSupport
import Testing

@testable import LinearAlgebra

@Suite struct `Hadamard matrices` {
  /// Widths of heads and residual streams of real models, and one order of each construction.
  static let orders = [
    1, 2, 4, 12, 20, 24, 28, 36, 44, 60, 64, 72, 80, 96, 128, 256, 576, 640, 896, 960, 1152, 1536,
  ]

  @Test(arguments: orders)
  func `have orthogonal rows of ones and minus ones`(order: Int) throws {
    let signs = try #require(Hadamard.signs(order))
    #expect(signs.count == order && signs.allSatisfy { $0.allSatisfy { abs($0) == 1 } })
    // All pairs for small orders; for large ones some rows against all.
    let chosen = order <= 128 ? Array(0..<order) : [0, 1, order / 2, order - 1]
    for i in chosen {
      for j in 0..<order {
        let product = zip(signs[i], signs[j]).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(product == (i == j ? order : 0), "rows \(i) and \(j)")
      }
    }
  }

  @Test(arguments: [3, 6, 17, 18, 92, 130])
  func `are unknown for other orders, where the cosine transform takes their place`(order: Int) {
    #expect(Hadamard.signs(order) == nil)
    expectOrthogonal(order)
  }

  @Test(arguments: [1, 2, 12, 36, 64, 576])
  func `are orthogonal once they are scaled`(order: Int) { expectOrthogonal(order) }

  @Test func `of the same seed are equal, and of others differ in signs`() {
    let first = Hadamard.orthogonal(64, seed: 1)
    #expect(first == Hadamard.orthogonal(64, seed: 1))
    let other = Hadamard.orthogonal(64, seed: 2)
    #expect(first != other)
    #expect(first.elements.map(abs) == other.elements.map(abs))
  }

  private func expectOrthogonal(_ order: Int) {
    let matrix = Hadamard.orthogonal(order, seed: 7)
    let product = Matrix.product(matrix, transposed: matrix)
    for i in 0..<order {
      for j in 0..<order {
        #expect(abs(product[i, j] - (i == j ? 1 : 0)) < 4e-7 * Float(order).squareRoot())
      }
    }
    let largest = matrix.elements.map(abs).max() ?? 0
    #expect(largest <= (2 / Float(order)).squareRoot() * 1.0001)
  }
}
