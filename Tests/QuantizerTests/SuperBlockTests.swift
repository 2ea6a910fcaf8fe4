// An encoding whose scales are quantized themselves, as in GGUF's Q4_K: eight groups share a float16
// pair (d, m), and each has 6-bit codes a and c:
//
//     s = d·a      o = −m·c      a in 1…63, c in 0…63
//
// Q4_K also has a = 0, which stands for a group of equal weights; here such a group gets a = 1.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private struct SuperBlocks: GridEncoding {
  let scaleFormat = FloatFormat.float16

  /// Two codes of 6 bits, and an eighth of two numbers of 16.
  func bitsPerGroup(_ scheme: Scheme) -> Double { 16 }

  /// Offsets are never positive, so every range reaches up to 0 from below.
  func entry(covering range: ClosedRange<Float>, _ scheme: Scheme) -> GridEntry {
    let low = min(0, range.lowerBound)
    return SeparateEntries(scaleFormat: .float32)
      .entry(covering: low...max(low, range.upperBound), scheme)
  }

  func nearest(to ideal: Grid) -> Grid { Stored(ideal).grid }

  /// What a file has of a grid.
  struct Stored {
    let scheme: Scheme
    let groupSize: Int
    let groups: Int
    /// d and m of each super-block, row by row.
    var pairs: [[Float]] = []
    /// a and c of each group, row by row.
    var codes: [[UInt8]] = []

    init(_ grid: Grid) {
      (scheme, groupSize, groups) = (grid.scheme, grid.groupSize, grid.groups)
      for row in 0..<grid.scales.rows {
        for start in stride(from: 0, to: groups, by: 8) {
          let block = start..<start + 8
          let scales = block.map { grid.scales[row, $0] }
          let offsets = block.map { -grid.offsets[row, $0] }
          let pair = [scales, offsets].map {
            FloatFormat.float16.rounded(($0.max() ?? 0) / 63)
          }
          pairs.append(pair)
          for i in 0..<8 {
            codes.append([code(scales[i], pair[0], 1), code(offsets[i], pair[1], 0)])
          }
        }
      }
    }

    private func code(_ value: Float, _ unit: Float, _ least: Float) -> UInt8 {
      unit == 0 ? UInt8(least) : UInt8(max(least, min(63, (value / unit).rounded())))
    }

    /// The grid that a reader makes of it.
    var grid: Grid {
      func values(_ part: Int, _ sign: Float) -> Matrix {
        Matrix(
          rows: codes.count / groups, columns: groups,
          elements: codes.indices.map { sign * pairs[$0 / 8][part] * Float(codes[$0][part]) })
      }
      return Grid(
        scheme: scheme, groupSize: groupSize, scales: values(0, 1), offsets: values(1, -1))
    }
  }
}

@Suite struct `Super-blocks, whose scales are quantized together,` {
  private let weights = Matrix.heavyTailed(6, 512, seed: 1)

  private func grid(
    _ range: GridRule.Range, _ encoding: any GridEncoding, metric: ErrorMetric = .plain
  ) throws -> Grid {
    let scheme = try Scheme(bits: 4, points: .offset, granularity: .group(32))
    return try GridRule(range: range, encoding: encoding)
      .grid(for: weights, scheme: scheme, metric: metric)
  }

  private func loss(_ grid: Grid) -> Float {
    grid.roundingErrors(of: weights).elements.reduce(0) { $0 + $1 * $1 }
  }

  @Test(arguments: GridRule.Range.allCases)
  func `are fitted, and read back as they were fitted`(range: GridRule.Range) throws {
    let identity = ErrorMetric.blocks { columns in
      Matrix(rows: columns.count, columns: columns.count) { $0 == $1 ? 1 : 0 }
    }
    let grid = try grid(range, SuperBlocks(), metric: identity)
    let stored = SuperBlocks.Stored(grid)
    #expect(stored.codes.count == 6 * 16 && stored.pairs.count == 6 * 2)
    #expect(stored.grid == grid)
    #expect(SuperBlocks().nearest(to: grid) == grid)
    // Each super-block has at least one group at the largest code.
    for block in 0..<12 {
      #expect(stored.codes[8 * block..<8 * block + 8].contains { $0[0] == 63 })
    }
    let quantized = QuantizedWeight(nearest: weights, on: grid)
    let read = QuantizedWeight(rows: 6, columns: 512, grid: stored.grid, codes: quantized.codes)
    #expect(read.dequantized() == quantized.dequantized())
  }

  @Test func `lose little against scales in float32`() throws {
    let exact = SeparateEntries(scaleFormat: .float32)
    for range in [GridRule.Range.minMax, .squaredError] {
      let (coarse, fine) = (loss(try grid(range, SuperBlocks())), loss(try grid(range, exact)))
      #expect(coarse > fine && coarse < 1.25 * fine, "\(coarse / fine)")
    }
    #expect(loss(try grid(.squaredError, SuperBlocks())) < loss(try grid(.minMax, SuperBlocks())))
  }

  @Test func `take up factors of the rows`() throws {
    let quantized = QuantizedWeight(nearest: weights, on: try grid(.squaredError, SuperBlocks()))
    let factors: [Float] = [0.5, 1, 2, 4, 3, 0.7]
    let divided = try quantized.dividingRows(by: factors, encoding: SuperBlocks())
    #expect(divided.codes == quantized.codes)
    let (before, after) = (quantized.dequantized(), divided.dequantized())
    let largest = before.elements.map(abs).max() ?? 0
    for row in 0..<6 {
      for column in 0..<512 {
        let difference = abs(after[row, column] * factors[row] - before[row, column])
        // A power of two divides d and m exactly; other factors round them to 11 bits.
        #expect(difference <= (row < 4 ? 0 : largest * 0x1p-9))
      }
    }
  }
}
