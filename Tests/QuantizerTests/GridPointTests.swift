import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `A point of a grid` {
  @Test(arguments: Scheme.every([.group(8)]) + Scheme.others([.group(8), .group(24)]))
  func `is what rounding the whole matrix gives`(scheme: Scheme) throws {
    let weights = Matrix.heavyTailed(12, 24, scale: 0.02, seed: UInt64(scheme.bits))
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
    // A diverging algorithm may ask for these.
    #expect(grid.nearestCode(to: .infinity, row: 0, column: 0) == scheme.largestCode)
    #expect(grid.nearestCode(to: -.infinity, row: 0, column: 0) == 0)
    #expect(grid.nearestCode(to: .nan, row: 0, column: 0) == 0)
  }
}
