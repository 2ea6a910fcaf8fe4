// The factor of a Hessian without correlations, against Cholesky's.

import Hessian
import LinearAlgebra
import TestSupport
import Testing

@Suite struct `The factor of a diagonal` {
  private let squares: [Float] = [3, 0.25, 8, 1, 0, 5, 0.125, 2]

  @Test(arguments: [ColumnOrder.natural, .activation, .groupAware])
  func `has the damped mean squares as pivots, in the order of the columns`(order: ColumnOrder)
    throws
  {
    let statistics = try InputStatistics(meanSquares: squares, tokenCount: 640)
    #expect(statistics.tokenCount == 640)
    for (a, b) in zip(statistics.meanSquares, squares) { #expect(abs(a - b) <= 1e-6 * b) }
    let factor = try DampedFactor(of: statistics, order: order, groupSize: 4)
    let ridge = 0.01 * squares.reduce(0) { $0 + Double($1) } / 8
    for (p, pivot) in factor.pivots.enumerated() {
      let expected = Double(squares[factor.order[7 - p]]) + ridge
      #expect(abs(pivot / expected - 1) < 1e-6)
      for q in 0..<8 { #expect(factor.unitRows[p, q] == (p == q ? 1 : 0)) }
    }
    #expect(factor.deadChannels == [4] && factor.damping == 0.01 && factor.retries == 0)
    // Cholesky's has the same, once a correlation is there that is too small to matter.
    var nearly = Matrix(rows: 8, columns: 8) { i, j in i == j ? squares[i] : 0 }
    nearly[0, 2] = 1e-30
    nearly[2, 0] = 1e-30
    let other = try DampedFactor(
      of: InputStatistics(secondMoment: nearly), order: order, groupSize: 4)
    #expect(other.order == factor.order)
    for (a, b) in zip(other.pivots, factor.pivots) { #expect(abs(a / b - 1) < 1e-6) }
  }

  @Test func `needs damping where a channel is dead`() throws {
    let statistics = try InputStatistics(meanSquares: squares, tokenCount: 1)
    let factor = try DampedFactor(of: statistics, order: .natural, damping: Damping(share: 0))
    #expect(factor.retries == 1 && factor.damping > 0)
  }

  @Test(arguments: [[1, -1], [1, .nan], [.infinity]] as [[Float]])
  func `is none of what no input has`(values: [Float]) {
    #expect(throws: SecondMomentError.self) {
      try InputStatistics(meanSquares: values, tokenCount: 1)
    }
  }
}
