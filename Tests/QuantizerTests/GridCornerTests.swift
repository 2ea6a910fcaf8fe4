import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private func rule(
  _ range: GridRule.Range, _ format: FloatFormat = .float16, smallestZeroPoint: Int = 0
) -> GridRule {
  GridRule(range: range, scaleFormat: format, smallestZeroPoint: smallestZeroPoint)
}

/// The grid of one row of weights, and the weights rounded to it.
private func rounded(_ row: [Float], _ scheme: Scheme, _ rule: GridRule) throws -> (Grid, [Float]) {
  let weights = Matrix(rows: 1, columns: row.count, elements: row)
  let grid = try rule.grid(for: weights, scheme: scheme)
  return (grid, QuantizedWeight(nearest: weights, on: grid).dequantized().elements)
}

@Suite struct `Grids of unusual groups` {
  @Test(arguments: Scheme.every([.channel]), GridRule.Range.allCases)
  func `a smallest zero point is respected, and the range still covered`(
    scheme: Scheme, range: GridRule.Range
  ) throws {
    guard !scheme.isSymmetric else { return }
    let sizes = Matrix.gaussian(1, 32, seed: 1).elements.map(abs)
    for row in [sizes, sizes.map(-), sizes.enumerated().map { $0 == 3 ? -1e-3 : $1 }] {
      let (grid, values) = try rounded(row, scheme, rule(range, smallestZeroPoint: 1))
      #expect((1...scheme.largestCode).contains(Int(grid.zeroPoints[0])))
      guard range == .minMax else { continue }
      // Half a step, and the drift of the far end when the scale is rounded to 11 bits.
      let bound = (0.5 + Float(scheme.largestCode) * 0x1p-11) * 1.001 * grid.scales[0, 0]
      for j in row.indices { #expect(abs(row[j] - values[j]) <= bound) }
    }
  }

  @Test func `without a smallest zero point, positive groups use every code`() throws {
    let scheme = try Scheme(bits: 4, symmetric: false, granularity: .channel)
    let (grid, values) = try rounded([0.5, 1, 15], scheme, rule(.minMax))
    #expect(grid.zeroPoints == [0] && grid.scales.elements == [1])
    #expect(values == [0, 1, 15])
    let (shifted, _) = try rounded([0.5, 1, 14], scheme, rule(.minMax, smallestZeroPoint: 1))
    #expect(shifted.zeroPoints == [1] && shifted.scales.elements == [1])
  }

  @Test(arguments: Scheme.every([.tensor, .group(4)]), GridRule.Range.allCases)
  func `zeros stay zeros on a scale that is not zero`(
    scheme: Scheme, range: GridRule.Range
  ) throws {
    for floor in [0, 1] {
      let zeros = [Float](repeating: 0, count: 8)
      let (grid, values) = try rounded(zeros, scheme, rule(range, smallestZeroPoint: floor))
      #expect(grid.scales.elements.allSatisfy { $0 == 1 } && values == zeros)
      #expect(grid.zeroPoints.allSatisfy { $0 >= floor })
    }
  }

  @Test(arguments: Scheme.every([.group(1), .group(4)]), [Float(0.37), -0.37])
  func `a single value is kept to half a step`(scheme: Scheme, value: Float) throws {
    let (grid, values) = try rounded([value, value, value, value], scheme, rule(.minMax))
    let drift = Float(scheme.largestCode) * 0x1p-11
    #expect(abs(values[0] - value) <= (0.5 + drift) * grid.scales[0, 0] * 1.001)
    #expect(values.allSatisfy { $0 == values[0] })
    let (_, searched) = try rounded([value, value, value, value], scheme, rule(.squaredError))
    #expect(abs(searched[0] - value) <= abs(values[0] - value) * 1.00001)
  }

  @Test(arguments: Scheme.every([.channel]), GridRule.Range.allCases)
  func `tiny groups get the smallest scale, or a subnormal one`(
    scheme: Scheme, range: GridRule.Range
  ) throws {
    let least = FloatFormat.float16.leastPositive
    for floor in [0, 1] {
      let rule = rule(range, smallestZeroPoint: floor)
      let (tiny, values) = try rounded([3e-9, -2e-9, 1e-9], scheme, rule)
      #expect(tiny.scales.elements == [least] && values == [0, 0, 0])
      let row: [Float] = [1e-5, -2e-5, 3e-5, -5e-6]
      let (grid, close) = try rounded(row, scheme, rule)
      #expect(grid.scales[0, 0] >= least && grid.scales[0, 0] < FloatFormat.float16.rounded(6.2e-5))
      for j in row.indices { #expect(abs(row[j] - close[j]) <= 3e-5) }
    }
  }

  @Test(arguments: Scheme.every([.group(4)]), GridRule.Range.allCases)
  func `a scale beyond its format is an error that names the group`(
    scheme: Scheme, range: GridRule.Range
  ) {
    let signs: [[Float]] = [[1e8, -1e8], [-1e8, 0.5], [1e8, 1], [-1e8, -1e8]]
    for floor in [0, 1] {
      for huge in signs {
        var weights = Matrix.gaussian(3, 12, seed: 2)
        (weights[1, 8], weights[1, 10]) = (huge[0], huge[1])
        #expect(throws: GridError.scaleOverflow(row: 1, group: 2, format: .float16)) {
          try rule(range, smallestZeroPoint: floor).grid(for: weights, scheme: scheme)
        }
        #expect(throws: Never.self) {
          try rule(range, .bfloat16, smallestZeroPoint: floor).grid(for: weights, scheme: scheme)
        }
      }
    }
  }

  @Test(arguments: Scheme.every(bits: [4]), [Float.nan, .infinity, -.infinity])
  func `a weight that is not finite is an error that names it`(
    scheme: Scheme, bad: Float
  ) {
    var weights = Matrix.gaussian(20, 48, seed: 3)
    weights[13, 47] = bad
    weights[17, 0] = bad
    let expected = GridError.notFinite(row: 13, column: 47)
    #expect(throws: expected) { try rule(.minMax).grid(for: weights, scheme: scheme) }
    #expect(expected.description == "the weight of row 13, column 47 is infinite or NaN")
  }

  @Test func `a scheme that does not fit is an error`() throws {
    let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(32))
    #expect(throws: GridError.scheme(.indivisible(columns: 48, groupSize: 32))) {
      try rule(.minMax).grid(for: .gaussian(2, 48, seed: 4), scheme: scheme)
    }
  }
}
