import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private let weights = Matrix.heavyTailed(7, 48, scale: 0.05, seed: 1)

/// The relative spacing of a format's numbers.
private func spacing(_ format: FloatFormat) -> Double {
  switch format {
  case .float32: 0x1p-23
  case .float16: 0x1p-10
  case .bfloat16: 0x1p-7
  }
}

/// The weights of a row and group.
private func group(_ index: Int, ofRow row: Int, _ grid: Grid) -> [Float] {
  let start = row * weights.columns + index * grid.groupSize
  return Array(weights.elements[start..<start + grid.groupSize])
}

@Suite struct `The min-max grid` {
  @Test(arguments: Scheme.every() + Scheme.others(), FloatFormat.allCases)
  func `scales are positive numbers of their format`(scheme: Scheme, format: FloatFormat) throws {
    for range in GridRule.Range.allCases {
      let grid = try GridRule(range: range, scaleFormat: format).grid(for: weights, scheme: scheme)
      for scale in grid.scales.elements { #expect(scale > 0 && format.rounded(scale) == scale) }
      for offset in grid.offsets.elements { #expect(format.rounded(offset) == offset) }
    }
  }

  @Test(arguments: Scheme.every(), FloatFormat.allCases)
  func `scale and zero point are those of the definition`(
    scheme: Scheme, format: FloatFormat
  ) throws {
    let rule = GridRule(range: .minMax, scaleFormat: format)
    let grid = try rule.grid(for: weights, scheme: scheme)
    #expect(grid.scales.rows == weights.rows && grid.groups * grid.groupSize == weights.columns)
    for row in 0..<weights.rows {
      for index in 0..<grid.groups {
        let shared =
          scheme.granularity == .tensor ? weights.elements : group(index, ofRow: row, grid)
        let expected = GridOracle(shared, scheme, rule).entry()
        let scale = Double(grid.scales[row, index])
        #expect(abs(scale - expected.scale) <= spacing(format) * expected.scale)
        #expect(grid.offsets[row, index] == Float(expected.zeroPoint))
      }
    }
  }

  @Test(arguments: Scheme.every() + Scheme.others(bits: []), FloatFormat.allCases)
  func `a weight of zero stays zero`(scheme: Scheme, format: FloatFormat) throws {
    for range in GridRule.Range.allCases {
      let grid = try GridRule(range: range, scaleFormat: format).grid(for: weights, scheme: scheme)
      let zeros = Matrix(rows: weights.rows, columns: weights.columns)
      #expect(QuantizedWeight(nearest: zeros, on: grid).dequantized() == zeros)
    }
  }

  @Test(arguments: Scheme.every(), FloatFormat.allCases)
  func `no weight moves by more than half a step`(scheme: Scheme, format: FloatFormat) throws {
    let grid = try GridRule(range: .minMax, scaleFormat: format)
      .grid(for: weights, scheme: scheme)
    let rounded = QuantizedWeight(nearest: weights, on: grid).dequantized()
    for row in 0..<weights.rows {
      for column in 0..<weights.columns {
        let scale = Double(grid.scales[row, column / grid.groupSize])
        // Rounding the scale to its format moves the far end of the range as well.
        let drift = Double(scheme.largestCode) * spacing(format) / 2
        let error = abs(Double(rounded[row, column]) - Double(weights[row, column]))
        #expect(error <= (0.5 + drift) * 1.001 * scale)
      }
    }
  }

  @Test(arguments: 2...8)
  func `granularity determines how many weights share a scale`(bits: Int) throws {
    let rule = GridRule(range: .minMax, scaleFormat: .float32)
    func grid(_ granularity: Scheme.Granularity) throws -> Grid {
      try rule.grid(
        for: weights, scheme: Scheme(bits: bits, symmetric: false, granularity: granularity))
    }
    let (tensor, channel, grouped) = (try grid(.tensor), try grid(.channel), try grid(.group(8)))
    #expect(tensor.groups == 1 && channel.groups == 1 && grouped.groups == 6)
    #expect(Set(tensor.scales.elements).count == 1 && Set(tensor.zeroPoints).count == 1)
    #expect(Set(channel.scales.elements).count == weights.rows)
    #expect(Set(grouped.scales.elements).count == 6 * weights.rows)
    #expect(try grid(.group(48)).scales == channel.scales)
  }
}
