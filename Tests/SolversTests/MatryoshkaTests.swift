import Hessian
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Solvers

private let schemes =
  Scheme.every(bits: [4, 8], [.channel, .group(16)]).filter(\.isSymmetric)
  + Scheme.others(bits: [6, 8], tables: [], [.group(16)])

/// Nested codes by their definition, in float64: one code at a time, from the last column to the first.
private struct TextbookMatryoshka {
  /// The codes, row by row.
  private(set) var codes: [UInt8]
  /// How much dearer, relatively, the second code was, at its closest in each row.
  private(set) var margins: [Double]

  init(_ problem: DampedProblem, on grid: Grid, emphasis: Double) {
    let (weights, factor, n) = (problem.weights, problem.plane.factor, problem.weights.columns)
    codes = [UInt8](repeating: 0, count: weights.rows * n)
    margins = [Double](repeating: .infinity, count: weights.rows)
    var (bits, weight, widths) = (grid.scheme.bits, 1.0, [(bits: Int, weight: Double)]())
    while true {
      widths.append((bits, weight))
      guard bits % 2 == 0, bits > 2 else { break }
      (bits, weight) = (bits / 2, weight / emphasis)
    }
    for row in 0..<weights.rows {
      var errors = widths.map { _ in [Double](repeating: 0, count: n) }
      for p in (0..<n).reversed() {
        let column = factor.order[n - 1 - p]
        let targets = widths.indices.map { i in
          (p + 1..<n).reduce(Double(weights[row, column])) {
            $0 + Double(factor.unitRows[p, $1]) * errors[i][$1]
          }
        }
        let group = grid.group(of: column)
        let (scale, offset) = (Double(grid.scales[row, group]), Double(grid.offsets[row, group]))
        func value(_ code: Int, _ bits: Int) -> Double {
          let size = 1 << (grid.scheme.bits - bits)
          if grid.scheme.points == .offset {
            // The middle of all codes with the same upper bits.
            return offset + scale * (Double(code / size * size) + Double(size - 1) / 2)
          }
          let nearest = min(
            (Double(code) / Double(size) + 0.5).rounded(.down), Double(1 << bits - 1))
          return scale * (Double(size) * nearest - offset)
        }
        let costs = (0...grid.scheme.largestCode).map { code in
          zip(widths, targets).reduce(0.0) { sum, pair in
            let distance = pair.1 - value(code, pair.0.bits)
            return sum + pair.0.weight * distance * distance
          }
        }
        let best = costs.indices.min { costs[$0] < costs[$1] } ?? 0
        let second = costs.indices.filter { $0 != best }.map { costs[$0] }.min() ?? .infinity
        margins[row] = min(
          margins[row], (second - costs[best]) / max(second, .leastNonzeroMagnitude))
        codes[row * n + column] = UInt8(best)
        for (i, width) in widths.enumerated() {
          errors[i][p] = Double(weights[row, column]) - value(best, width.bits)
        }
      }
    }
  }
}

@Suite struct `Nested codes` {
  @Test(arguments: schemes)
  func `are those of their definition`(scheme: Scheme) throws {
    let problem = try DampedProblem(scheme, rows: 17, columns: 80, seed: 5)
    let grid = try GridRule(range: .squaredError, scaleFormat: .float32)
      .grid(for: problem.weights, scheme: scheme)
    let widths = try #require(MatryoshkaWidths(scheme))
    let found = Matryoshka(start: problem.plane, widths: widths).round(problem.weights, on: grid)
    let textbook = TextbookMatryoshka(problem, on: grid, emphasis: 4)
    // Codes of almost the same cost may change places in float32, and what follows in the row with them.
    var compared = 0
    for row in 0..<17 where textbook.margins[row] > 1e-5 {
      compared += 1
      #expect(found.codes[row * 80..<(row + 1) * 80] == textbook.codes[row * 80..<(row + 1) * 80])
    }
    let same = zip(found.codes, textbook.codes).count { $0 == $1 }
    #expect(same > 17 * 80 * 9 / 10, "\(compared) rows, \(same) codes")
  }

  @Test(arguments: [Scheme.Points.symmetric, .offset])
  func `lose less in every slice than the upper bits of others`(points: Scheme.Points) throws {
    let scheme = try Scheme(bits: 8, points: points, granularity: .group(16))
    let problem = try DampedProblem(scheme, rows: 32, columns: 96, seed: 9)
    let rule = GridRule(range: .squaredError, scaleFormat: .float32)
    let nested = Matryoshka(start: problem.plane, widths: try #require(MatryoshkaWidths(scheme)))
    let ours = try nested.quantize(problem.weights, scheme: scheme, rule: rule, metric: .plain)
    let plain = try problem.plane.quantize(
      problem.weights, scheme: scheme, rule: rule, metric: .plain)
    for bits in [4, 2] {
      let error = { (weight: QuantizedWeight) throws in
        problem.errors(try weight.sliced(to: bits)).reduce(0, +)
      }
      #expect(try error(ours) < error(plain), "\(bits) bits")
    }
    // All bits together are no worse than five bits by themselves.
    let five = try problem.plane.quantize(
      problem.weights, scheme: try scheme.storing(bits: 5), rule: rule, metric: .plain)
    #expect(problem.errors(ours).reduce(0, +) < problem.errors(five).reduce(0, +))
  }

  @Test(arguments: [3, 5, 7])
  func `have an even number of bits`(bits: Int) throws {
    let scheme = try Scheme(bits: bits, symmetric: true, granularity: .group(16))
    #expect(MatryoshkaWidths(scheme) == nil)
    #expect(throws: SolverError.self) {
      try MatryoshkaRounding().prepared(for: RoundingInput(CalibratedInput()), scheme)
    }
  }
}
