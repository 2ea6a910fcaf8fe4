import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `The squared-error grid` {
  @Test(arguments: Scheme.every([.channel]) + Scheme.others([.channel]), FloatFormat.allCases)
  func `its choice is the best that the oracle finds`(
    scheme: Scheme, format: FloatFormat
  ) throws {
    let weights = Matrix.heavyTailed(25, 40, scale: 0.02, seed: 2)
    let rule = GridRule(range: .squaredError, scaleFormat: format)
    let grid = try rule.grid(for: weights, scheme: scheme)
    var equal = 0
    for row in 0..<weights.rows {
      let oracle = GridOracle(Array(weights.copy(rows: row..<row + 1).elements), scheme, rule)
      let chosen = GridPoint(grid, row: row, column: 0)
      let errors = oracle.candidates.map { $0.squaredError(of: oracle.weights) }
      let least = errors.min() ?? .infinity
      // The search adds 40 squares in float32, so a tie may go either way. Adding an offset rounds
      // each value once more, which shows beside the steps of 8 bits.
      let bound = least * (scheme.points == .offset ? 1.0001 : 1.00001)
      #expect(chosen.squaredError(of: oracle.weights) <= bound, "row \(row)")
      if let index = errors.firstIndex(of: least) {
        let best = oracle.candidates[index]
        let isSame = abs(best.scale - chosen.scale) <= 1e-6 * best.scale
        if isSame && best.zeroPoint == chosen.zeroPoint { equal += 1 }
      }
    }
    #expect(equal >= weights.rows - 1)
  }

  @Test(arguments: Scheme.every() + Scheme.others(), [1 as UInt64, 2, 3])
  func `it is never worse than min-max, and better somewhere`(
    scheme: Scheme, seed: UInt64
  ) throws {
    let weights = Matrix.heavyTailed(12, 64, scale: 0.03, seed: seed)
    func errors(_ range: GridRule.Range) throws -> [Double] {
      let grid = try GridRule(range: range, scaleFormat: .float16)
        .grid(for: weights, scheme: scheme)
      return (0..<weights.rows).flatMap { row in
        (0..<grid.groups).map { group in
          let columns = group * grid.groupSize..<(group + 1) * grid.groupSize
          return GridPoint(grid, row: row, column: columns.lowerBound)
            .squaredError(of: columns.map { Double(weights[row, $0]) })
        }
      }
    }
    let (searched, plain) = (try errors(.squaredError), try errors(.minMax))
    if scheme.granularity == .tensor {
      #expect(searched.reduce(0, +) <= plain.reduce(0, +) * 1.00001)
    } else {
      try #require(searched.count == plain.count)
      for (a, b) in zip(searched, plain) { #expect(a <= b * 1.00001) }
    }
    if scheme.bits <= 4, scheme.points != .offset {
      #expect(searched.reduce(0, +) < plain.reduce(0, +))
    }
  }

  @Test func `it clips an outlier where the other weights gain more`() throws {
    // Sixty-three weights of ±1 and one of 6: at two bits, shrinking wins clearly.
    let row = Matrix(rows: 1, columns: 64) { $1 == 40 ? 6 : $1 % 2 == 0 ? 1 : -1 }
    let scheme = try Scheme(bits: 2, symmetric: true, granularity: .channel)
    let plain = try GridRule(range: .minMax, scaleFormat: .float32).grid(for: row, scheme: scheme)
    let searched = try GridRule(range: .squaredError, scaleFormat: .float32)
      .grid(for: row, scheme: scheme)
    #expect(plain.scales[0, 0] == 4)
    #expect(searched.scales[0, 0] < 2)
  }
}
