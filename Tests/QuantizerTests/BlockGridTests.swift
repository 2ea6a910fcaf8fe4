// Grids whose scales belong to blocks of rows and columns.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let weights = Matrix.heavyTailed(21, 50, seed: 7)

private func scheme(_ rows: Int, _ columns: Int) throws -> Scheme {
  try Scheme(
    bits: 8, points: .table(.e4m3), granularity: .block(rows: rows, columns: columns))
}

/// For each block, its rows and columns.
private func blocks(_ height: Int, _ width: Int) -> [(Range<Int>, Range<Int>)] {
  stride(from: 0, to: weights.rows, by: height).flatMap { row in
    stride(from: 0, to: weights.columns, by: width).map { column in
      (row..<min(weights.rows, row + height), column..<min(weights.columns, column + width))
    }
  }
}

private func grid(
  _ height: Int, _ width: Int, _ range: GridRule.Range, metric: ErrorMetric = .plain
) throws -> Grid {
  try GridRule(range: range, scaleFormat: .float32).grid(
    for: weights, scheme: try scheme(height, width), metric: metric)
}

@Suite struct `A grid by block` {
  @Test(arguments: [(8, 16), (21, 50), (4, 7), (128, 128)])
  func `covers the largest weight of each block, and rounds to nearest`(
    height: Int, width: Int
  ) throws {
    let grid = try grid(height, width, .minMax)
    #expect(grid.groups == (weights.columns + width - 1) / width)
    let stored = QuantizedWeight(nearest: weights, on: grid)
    let values = stored.dequantized()
    #expect(stored.clippedShare(of: weights) == 0)
    for (rows, columns) in blocks(height, width) {
      let largest = rows.flatMap { i in columns.map { abs(weights[i, $0]) } }.max() ?? 0
      for i in rows {
        #expect(grid.scales[i, columns.lowerBound / width] == largest / 448)
        for j in columns {
          let code = stored.codes[i * weights.columns + j]
          #expect(code == grid.nearestCode(to: weights[i, j], row: i, column: j))
          #expect(values[i, j] == grid.value(of: code, row: i, column: j))
        }
      }
    }
  }

  @Test(arguments: [GridRule.Range.squaredError, .outputError, .solve])
  func `has one scale in each block whatever chooses it, with no more error`(
    range: GridRule.Range
  ) throws {
    let importance = (0..<weights.columns).map { $0 == 3 ? Float(1000) : 1 }
    let hessian = Matrix(rows: 50, columns: 50) { $0 == $1 ? importance[$0] : 0.1 }
    let metrics: [ErrorMetric] = [
      .plain, .columns(importance),
      .blocks { columns in
        Matrix(rows: columns.count, columns: columns.count) {
          hessian[columns.lowerBound + $0, columns.lowerBound + $1]
        }
      },
    ]
    for metric in metrics {
      let found = try grid(8, 16, range, metric: metric)
      let cover = try grid(8, 16, .minMax)
      for (rows, columns) in blocks(8, 16) {
        let group = columns.lowerBound / 16
        let weight: (Int) -> Float = { column in
          if case .plain = metric { return 1 }
          return range == .outputError ? importance[column] : 1
        }
        func loss(_ grid: Grid) -> Float {
          rows.reduce(0) { sum, i in
            columns.reduce(sum) { sum, j in
              let code = grid.nearestCode(to: weights[i, j], row: i, column: j)
              let error = grid.value(of: code, row: i, column: j) - weights[i, j]
              return sum + weight(j) * error * error
            }
          }
        }
        #expect(Set(rows.map { found.scales[$0, group] }).count == 1)
        #expect(loss(found) <= loss(cover) * 1.0001)
      }
    }
  }

  @Test func `takes up no factors of rows, and its scales take little room`() throws {
    let encoding = SeparateEntries(scaleFormat: .bfloat16)
    #expect(!encoding.absorbsRowFactors(try scheme(4, 4)))
    #expect(encoding.bitsPerGroup(try scheme(128, 128)) == 0.125)
  }

  @Test(arguments: [(0, 4), (4, 0), (-1, 4)])
  func `needs blocks of at least one weight`(height: Int, width: Int) {
    #expect(throws: SchemeError.unsupportedGroupSize(min(height, width))) {
      try scheme(height, width)
    }
  }
}
