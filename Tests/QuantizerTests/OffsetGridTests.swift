import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `Floating-point offsets` {
  @Test(arguments: [2, 3, 4, 8], FloatFormat.allCases)
  func `beat zero points on groups that do not contain zero`(
    bits: Int, format: FloatFormat
  ) throws {
    // Groups around 1, 2, … 6 times the sign of the row.
    let weights = Matrix(rows: 8, columns: 96) { row, column in
      Float(row % 2 == 0 ? 1 : -1) * (1 + Float(column / 16) + Float(column * 7 % 16) / 40)
    }
    // The mean magnitude is no range for groups around another value.
    for range in GridRule.Range.allCases where range != .absMean {
      func errors(_ points: Scheme.Points) throws -> [Float] {
        let scheme = try Scheme(bits: bits, points: points, granularity: .group(16))
        let grid = try GridRule(range: range, scaleFormat: format)
          .grid(for: weights, scheme: scheme)
        let errors = grid.roundingErrors(of: weights).elements
        return (0..<48).map { group in
          errors[16 * group..<16 * group + 16].reduce(0) { $0 + $1 * $1 }
        }
      }
      let (offset, zeroPoint) = (try errors(.offset), try errors(.zeroPoint))
      // Offsets in bfloat16 are themselves coarse beside the steps of 8 bits.
      let share: Float = bits == 8 && format == .bfloat16 ? 1 : 0.5
      for group in 0..<48 {
        #expect(offset[group] < share * zeroPoint[group], "group \(group), \(range)")
      }
    }
  }

  @Test(arguments: [2, 4, 8])
  func `reach from the smallest weight to the largest`(bits: Int) throws {
    let weights = Matrix.heavyTailed(9, 32, scale: 0.02, seed: 1)
    let scheme = try Scheme(bits: bits, points: .offset, granularity: .group(16))
    let grid = try GridRule(range: .minMax, scaleFormat: .float32)
      .grid(for: weights, scheme: scheme)
    for row in 0..<9 {
      for group in 0..<2 {
        let values = (16 * group..<16 * group + 16).map { weights[row, $0] }
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        #expect(grid.value(of: 0, row: row, column: 16 * group) == low)
        let last = grid.value(of: UInt8(scheme.largestCode), row: row, column: 16 * group)
        #expect(abs(last - high) <= 1e-6 * (high - low))
      }
    }
  }

  @Test func `keep a group of equal weights`() throws {
    let scheme = try Scheme(bits: 4, points: .offset, granularity: .group(4))
    let weights = Matrix(rows: 1, columns: 8) { $1 < 4 ? 0.375 : -3 }
    for range in GridRule.Range.allCases where range != .absMean {
      let grid = try GridRule(range: range, scaleFormat: .bfloat16)
        .grid(for: weights, scheme: scheme)
      #expect(QuantizedWeight(nearest: weights, on: grid).dequantized() == weights)
    }
  }

  @Test func `stay within the range when magnitudes are clipped`() throws {
    let scheme = try Scheme(bits: 3, points: .offset, granularity: .channel)
    let weights = Matrix(rows: 2, columns: 20) { ($0 == 0 ? 1 : -1) * (2 + Float($1) / 10) }
    let grid = try GridRule(range: .outputError, search: .autoAWQ, scaleFormat: .float32)
      .grid(for: weights, scheme: scheme)
    #expect(grid.roundingErrors(of: weights).elements.allSatisfy { abs($0) < 0.2 })
  }
}
