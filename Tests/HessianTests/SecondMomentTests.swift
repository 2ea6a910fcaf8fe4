import Hessian
import LinearAlgebra
import TestSupport
import Testing

@Suite struct `Statistics of a known second moment` {
  private let x = Matrix.activations(tokens: 64, channels: 24, seed: 1)

  @Test func `agree with those of the tokens`() throws {
    var tokens = InputStatistics(channels: 24)
    tokens.add(x)
    let ready = try InputStatistics(secondMoment: tokens.block(0..<24))
    #expect(tokens.parts == [.ranges, .sample] && ready.parts.isEmpty)
    #expect(ready.ranges == nil && ready.sample == nil)
    // The mean over 64 tokens is exact.
    #expect(ready.meanSquares == tokens.meanSquares)
    #expect(ready.block(3..<20) == tokens.block(3..<20))
    let moment = Matrix.gaussian(24, 24, seed: 2)
    #expect(ready.trace(withUpper: moment) == tokens.trace(withUpper: moment))
    let factors = (0..<24).map { Float(1 + $0) }
    #expect(ready.divided(by: factors).meanSquares == tokens.divided(by: factors).meanSquares)
  }

  @Test func `keep the upper of two elements that differ by rounding`() throws {
    var hessian = Matrix(rows: 2, columns: 2, elements: [1, 0.5, 0.5, 1])
    hessian[1, 0] = 0.5001
    #expect(try InputStatistics(secondMoment: hessian).block(0..<2).elements == [1, 0.5, 0.5, 1])
  }

  @Test(arguments: [
    (Matrix(rows: 2, columns: 3), SecondMomentError.notSquare(rows: 2, columns: 3)),
    (
      Matrix(rows: 2, columns: 2, elements: [1, .infinity, .infinity, 1]),
      .notFinite(row: 0, column: 1)
    ),
    (Matrix(rows: 2, columns: 2, elements: [1, 0, 0, -1]), .negative(channel: 1, -1)),
    (
      Matrix(rows: 2, columns: 2, elements: [1, 0.5, 0, 1]),
      .notSymmetric(row: 0, column: 1, 0.5, 0)
    ),
  ])
  func `are refused for a matrix that cannot be one`(matrix: Matrix, error: SecondMomentError) {
    #expect(throws: error) { try InputStatistics(secondMoment: matrix) }
  }
}
