import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `A point of a grid` {
  @Test(arguments: [2, 3, 4, 8], [true, false])
  func `is what the whole matrix is rounded to`(bits: Int, symmetric: Bool) throws {
    let scheme = try Scheme(bits: bits, symmetric: symmetric, granularity: .group(8))
    let weights = Matrix.heavyTailed(12, 24, scale: 0.02, seed: UInt64(bits))
    let rule = GridRule(range: .squaredError, scaleFormat: .float16)
    let grid = try rule.grid(for: weights, scheme: scheme)
    let rounded = QuantizedWeight(nearest: weights, on: grid)
    let values = rounded.dequantized()
    for row in 0..<12 {
      for column in 0..<24 {
        let code = rounded.codes[row * 24 + column]
        #expect(grid.nearestCode(to: weights[row, column], row: row, column: column) == code)
        #expect(grid.value(of: code, row: row, column: column) == values[row, column])
      }
    }
    // What an algorithm that went wrong may ask for.
    #expect(grid.nearestCode(to: .infinity, row: 0, column: 0) == scheme.largestCode)
    #expect(grid.nearestCode(to: -.infinity, row: 0, column: 0) == 0)
    #expect(grid.nearestCode(to: .nan, row: 0, column: 0) == 0)
  }
}
