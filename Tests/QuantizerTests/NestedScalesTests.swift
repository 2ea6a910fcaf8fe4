// Scales that are quantized once more. What the levels are is known from bitsandbytes 0.50.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private func scales(_ count: Int, seed: UInt64) -> [Float] {
  Matrix.gaussian(1, count, seed: seed).elements.map { 0.02 * (1 + abs($0)) }
}

@Suite struct `Nested scales` {
  @Test func `have the levels of bitsandbytes`() {
    let levels = NestedScales.levels
    #expect(levels.count == 256)
    #expect(Array(levels.prefix(3)) == [-0.992968738079071, -0.9789062738418579, -0.96484375])
    #expect(
      Array(levels[123..<130]) == [
        -2.1249998098937795e-05, -7.749999895168003e-06, -3.250000190746505e-06,
        -5.500000384017767e-07, 0, 5.500000384017767e-07, 3.250000190746505e-06,
      ])
    #expect(Array(levels.suffix(2)) == [0.992968738079071, 1])
  }

  @Test(arguments: [1, 255, 256, 257, 1000])
  func `are near the scales, and above 0`(count: Int) {
    let ideal = scales(count, seed: UInt64(count))
    let nested = NestedScales(nearestTo: ideal)
    #expect(nested.codes.count == count && nested.factors.count == (count + 255) / 256)
    for (i, (value, scale)) in zip(nested.values, ideal).enumerated() {
      // Levels above 0.1 are 9/640 apart, and the last is 0.007 from the end.
      #expect(abs(value - scale) <= 0.0072 * nested.factors[i / 256])
      #expect(value > 0)
    }
  }

  @Test func `do not become 0 beside much larger ones`() {
    let ideal = [Float](repeating: 1e-9, count: 40) + [1, 2] + [1e-20, 3]
    #expect(NestedScales(nearestTo: ideal).values.allSatisfy { $0 > 0 })
  }

  @Test func `are exact where all scales are alike`() {
    let nested = NestedScales(nearestTo: [Float](repeating: 0.125, count: 300))
    #expect(nested.values == [Float](repeating: 0.125, count: 300) && nested.factors == [0, 0])
  }

  @Test func `make a grid that is stored as it is`() throws {
    let scheme = try Scheme(bits: 4, points: .table(.nf4), granularity: .group(64))
    let rule = GridRule(range: .squaredError, encoding: NestedEncoding())
    var weights = Matrix.heavyTailed(40, 512, scale: 0.02, seed: 3)
    // A group of zeros needs some scale, which must not coarsen all others.
    for j in 64..<128 { weights[7, j] = 0 }
    let grid = try rule.grid(for: weights, scheme: scheme)
    #expect(grid.scales.elements == grid.nestedScales?.values)
    #expect(NestedEncoding().nearest(to: grid) == grid)
    let free = try GridRule(range: .squaredError, scaleFormat: .float32)
      .grid(for: weights, scheme: scheme)
    func error(_ grid: Grid) -> Double {
      let rounded = QuantizedWeight(nearest: weights, on: grid).dequantized()
      return zip(rounded.elements, weights.elements).reduce(0) {
        $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
      }
    }
    #expect(error(grid) < 1.01 * error(free))
  }
}
