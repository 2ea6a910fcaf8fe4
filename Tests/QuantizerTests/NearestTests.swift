import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `Rounding to nearest` {
  @Test(arguments: Scheme.every() + Scheme.others(), [1, 17])
  func `every code is that of the oracle`(scheme: Scheme, rows: Int) throws {
    let weights = Matrix.heavyTailed(rows, 64, scale: 0.1, seed: UInt64(scheme.bits))
    let grid = try GridRule(range: .squaredError, scaleFormat: .bfloat16)
      .grid(for: weights, scheme: scheme)
    let quantized = QuantizedWeight(nearest: weights, on: grid)
    var ties = 0
    for row in 0..<rows {
      for column in 0..<64 {
        let (point, w) = (GridPoint(grid, row: row, column: column), Double(weights[row, column]))
        // In float32 the quotient is rounded to 2⁻¹⁶ of a step where there are 255 of them; E4M3
        // has levels up to 448.
        if point.margin(of: w) < 0x1p-14 {
          ties += 1
        } else {
          #expect(Int(quantized.codes[row * 64 + column]) == point.code(of: w))
        }
      }
    }
    #expect(ties <= 1 + rows * 64 / 1000)
  }

  @Test func `ties go to the even multiple of the step`() throws {
    let scheme = try Scheme(bits: 4, symmetric: false, granularity: .channel)
    let grid = Grid(
      scheme: scheme, groupSize: 8, scales: Matrix(rows: 1, columns: 1) { _, _ in 0.25 },
      zeroPoints: [5])
    let steps: [Float] = [-5.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 100]
    let weights = Matrix(rows: 1, columns: 8, elements: steps.map { $0 * 0.25 })
    let codes = QuantizedWeight(nearest: weights, on: grid).codes
    #expect(codes == [0, 3, 3, 5, 5, 7, 7, 15])
  }

  @Test(arguments: Scheme.every() + Scheme.others(bits: []))
  func `points of the grid are rounded to themselves`(scheme: Scheme) throws {
    let weights = Matrix.gaussian(5, 48, seed: 3)
    let grid = try GridRule(range: .minMax, scaleFormat: .float16)
      .grid(for: weights, scheme: scheme)
    var generator = SplitMix64(seed: 4)
    let codes = (0..<5 * 48).map { _ in
      UInt8(generator.integer(in: 0..<scheme.largestCode + 1))
    }
    let given = QuantizedWeight(rows: 5, columns: 48, grid: grid, codes: codes)
    let values = given.dequantized()
    for row in 0..<5 {
      for column in 0..<48 {
        let point = GridPoint(grid, row: row, column: column)
        // Exact but for NF4: a scale has 11 significant bits, and a code or level at most 8.
        let expected = Float(point.value(of: Int(codes[row * 48 + column])))
        #expect(values[row, column] == expected)
      }
    }
    #expect(QuantizedWeight(nearest: values, on: grid) == given)
  }
}
