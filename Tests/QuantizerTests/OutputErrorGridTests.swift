// Ranges searched in the metric of the inputs, against brute force in double precision.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

/// The cost of the errors d of a group.
private typealias Cost = (_ d: [Double], _ columns: Range<Int>) -> Double

/// Checks each row and group: no candidate is better than the one that was chosen.
private func expectBest(
  _ weights: Matrix, _ scheme: Scheme, _ rule: GridRule, _ metric: ErrorMetric,
  sourceLocation: SourceLocation = #_sourceLocation, _ cost: Cost
) throws {
  let grid = try rule.grid(for: weights, scheme: scheme, metric: metric)
  var shrunk = 0
  for row in 0..<weights.rows {
    for group in 0..<grid.groups {
      let columns = group * grid.groupSize..<(group + 1) * grid.groupSize
      let oracle = GridOracle(columns.map { weights[row, $0] }, scheme, rule)
      func loss(_ point: GridPoint) -> Double {
        cost(oracle.weights.map { point.value(of: point.code(of: $0)) - $0 }, columns)
      }
      let candidates = (0..<rule.search.count).map {
        loss(oracle.entry(shrunkBy: 1 - Double(rule.search.step) * Double($0)))
      }
      let chosen = loss(GridPoint(grid, row: row, column: columns.lowerBound))
      let least = candidates.min() ?? 0
      #expect(
        chosen <= least * 1.001 + 1e-12, "row \(row), group \(group)",
        sourceLocation: sourceLocation)
      if least < 0.98 * candidates[0] { shrunk += 1 }
    }
  }
  // If shrinking gained nothing anywhere, the test would not distinguish the candidates.
  if scheme.bits < 4 { #expect(shrunk > weights.rows / 2, sourceLocation: sourceLocation) }
}

/// Weights of which the largest magnitude in each run of twenty is positive: a negative one would be
/// at a tie of the symmetric grid that covers it.
private func weights(_ rows: Int, seed: UInt64) -> Matrix {
  let result = Matrix.heavyTailed(rows, 40, scale: 0.02, seed: seed)
  return Matrix(rows: rows, columns: 40) { row, column in
    let run = (column / 20 * 20..<column / 20 * 20 + 20).map { result[row, $0] }
    return -(run.min() ?? 0) > (run.max() ?? 0) ? -result[row, column] : result[row, column]
  }
}

@Suite struct `The output-error grid` {
  /// Groups of 20 end in the middle of a vector; 70 rows are more than a chunk.
  @Test(
    arguments: Scheme.every(bits: [2, 3, 4, 8], [.channel, .group(20)])
      + Scheme.others([.channel, .group(20)]), [RangeSearch.clipping, .coarse])
  func `is the best by its block of the Hessian`(scheme: Scheme, search: RangeSearch) throws {
    let weights = weights(70, seed: 1)
    let hessian = DoubleMatrix.secondMoment(of: .activations(tokens: 100, channels: 40, seed: 2))
    let rule = GridRule(range: .outputError, search: search, scaleFormat: .float32)
    let metric = ErrorMetric.blocks { columns in
      Matrix(rows: columns.count, columns: columns.count) {
        Float(hessian[columns.lowerBound + $0, columns.lowerBound + $1])
      }
    }
    try expectBest(weights, scheme, rule, metric) { d, columns in
      d.indices.reduce(0) { sum, i in
        sum
          + d.indices.reduce(0) {
            $0 + d[i] * hessian[columns.lowerBound + i, columns.lowerBound + $1] * d[$1]
          }
      }
    }
  }

  @Test(arguments: Scheme.every(bits: [2, 4, 8], [.tensor]))
  func `of a whole matrix is the best by the whole Hessian`(scheme: Scheme) throws {
    let weights = weights(30, seed: 5)
    let hessian = DoubleMatrix.secondMoment(of: .activations(tokens: 100, channels: 40, seed: 6))
    func loss(_ grid: Grid) -> Double {
      let rounded = QuantizedWeight(nearest: weights, on: grid).dequantized()
      let error = DoubleMatrix(rounded) - DoubleMatrix(weights)
      return (error * hessian * error.transposed).trace
    }
    let search = RangeSearch.clipping
    let plain = GridRule(range: .minMax, scaleFormat: .float32)
    let losses = try search.factors.map { factor in
      // Weights shrunk by the factor have the range that the factor makes.
      let shrunk = Matrix(rows: 30, columns: 40) { factor * weights[$0, $1] }
      return loss(try plain.grid(for: shrunk, scheme: scheme))
    }
    let metric = ErrorMetric.blocks { _ in
      Matrix(rows: 40, columns: 40) { Float(hessian[$0, $1]) }
    }
    let grid = try GridRule(range: .outputError, search: search, scaleFormat: .float32)
      .grid(for: weights, scheme: scheme, metric: metric)
    #expect(Set(grid.scales.elements).count == 1)
    #expect(abs(loss(grid) / (losses.min() ?? 0) - 1) < 1e-3)
    #expect(scheme.bits == 8 || loss(grid) < 0.99 * losses[0])
  }

  @Test(
    arguments: Scheme.every(bits: [2, 3, 4, 8], [.channel, .group(20)])
      + Scheme.others([.channel, .group(20)]))
  func `is the best by the importance of columns`(scheme: Scheme) throws {
    let weights = weights(20, seed: 3)
    var generator = SplitMix64(seed: 4)
    let importance = (0..<40).map { _ in Float(generator.logNormal(2)) }
    let rule = GridRule(range: .outputError, search: .clipping, scaleFormat: .float32)
    try expectBest(weights, scheme, rule, .columns(importance)) { d, columns in
      d.indices.reduce(0) { $0 + Double(importance[columns.lowerBound + $1]) * d[$1] * d[$1] }
    }
  }

  @Test(
    arguments: Scheme.every(bits: [2, 4], [.tensor, .channel, .group(20)])
      + Scheme.others([.tensor, .channel, .group(20)]))
  func `is that of squared errors where nothing is known of the inputs`(scheme: Scheme) throws {
    let weights = Matrix.heavyTailed(10, 40, scale: 0.02, seed: 5)
    func grid(_ range: GridRule.Range, _ metric: ErrorMetric) throws -> Grid {
      try GridRule(range: range, search: .clipping, scaleFormat: .float16)
        .grid(for: weights, scheme: scheme, metric: metric)
    }
    let plain = try grid(.squaredError, .plain)
    #expect(try grid(.outputError, .plain) == plain)
    #expect(try grid(.outputError, .columns([Float](repeating: 1, count: 40))) == plain)
    let identity = ErrorMetric.blocks { columns in
      Matrix(rows: columns.count, columns: columns.count) { $0 == $1 ? 1 : 0 }
    }
    #expect(try grid(.outputError, identity) == plain)
    // Other rules ignore the metric.
    let zeros = ErrorMetric.columns([Float](repeating: 0, count: 40))
    #expect(try grid(.squaredError, zeros) == plain)
  }

  @Test func `keeps the whole range where no input was ever seen`() throws {
    let weights = Matrix.heavyTailed(5, 32, seed: 6)
    let scheme = try Scheme(bits: 3, symmetric: false, granularity: .group(16))
    let dead = ErrorMetric.blocks { Matrix(rows: $0.count, columns: $0.count) }
    let found = try GridRule(range: .outputError, search: .clipping, scaleFormat: .float32)
      .grid(for: weights, scheme: scheme, metric: dead)
    let whole = try GridRule(range: .minMax, scaleFormat: .float32)
      .grid(for: weights, scheme: scheme)
    #expect(found == whole)
  }
}
