// Operations on a quantized matrix: dividing its rows, counting weights beyond its grid.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private func quantize(
  _ weights: Matrix, _ scheme: Scheme, _ range: GridRule.Range = .squaredError
) throws -> QuantizedWeight {
  let grid = try GridRule(range: range, scaleFormat: .float32).grid(for: weights, scheme: scheme)
  return QuantizedWeight(nearest: weights, on: grid)
}

@Suite struct `A quantized matrix` {
  @Test(
    arguments: Scheme.every(bits: [2, 4, 8], [.channel, .group(8)])
      + Scheme.others([.channel, .group(8)]), FloatFormat.allCases)
  func `with divided rows differs in scales and floating-point offsets only`(
    scheme: Scheme, format: FloatFormat
  ) throws {
    let weights = Matrix.heavyTailed(9, 24, scale: 0.02, seed: 1)
    let quantized = try quantize(weights, scheme)
    let factors = (0..<9).map { Float(0.1) * Float(1 + 3 * $0) }
    let encoding = SeparateEntries(scaleFormat: format)
    #expect(encoding.absorbsRowFactors(scheme))
    let divided = try quantized.dividingRows(by: factors, encoding: encoding)
    #expect(divided.codes == quantized.codes)
    #expect(divided.grid.scheme == scheme)
    for row in 0..<9 {
      for group in 0..<quantized.grid.groups {
        #expect(
          divided.grid.scales[row, group]
            == format.rounded(quantized.grid.scales[row, group] / factors[row]))
        let offset = quantized.grid.offsets[row, group]
        #expect(
          divided.grid.offsets[row, group]
            == (scheme.points == .offset ? format.rounded(offset / factors[row]) : offset))
      }
    }
  }

  @Test(arguments: [1e-6 as Float, 1e9])
  func `whose scale leaves the range of its format is an error`(factor: Float) throws {
    let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(8))
    let quantized = try quantize(.gaussian(3, 16, seed: 2), scheme)
    var factors: [Float] = [1, 1, 1]
    factors[1] = factor
    #expect(throws: GridError.scaleOverflow(row: 1, group: 0, format: .float16)) {
      try quantized.dividingRows(by: factors, encoding: SeparateEntries(scaleFormat: .float16))
    }
  }

  @Test(arguments: Scheme.every(bits: [2, 3, 8], [.tensor, .channel, .group(8)]))
  func `reports the share of weights beyond its grid`(scheme: Scheme) throws {
    let weights = Matrix.heavyTailed(11, 40, scale: 0.05, seed: 3)
    let quantized = try quantize(weights, scheme)
    // Weights clearly beyond the slack of half a step and 2⁻⁸ of the width, and those that rounding
    // errors may have put beyond it.
    var (beyond, perhaps) = (0, 0)
    let last = Double(scheme.largestCode)
    for row in 0..<11 {
      for column in 0..<40 {
        let point = GridPoint(quantized.grid, row: row, column: column)
        let position = Double(weights[row, column]) / point.scale + Double(point.zeroPoint)
        let excess = max(-position, position - last) - 0.5 - last / 256
        if excess > 1e-4 { beyond += 1 }
        if excess > -1e-4 { perhaps += 1 }
      }
    }
    let found = quantized.clippedShare(of: weights)
    #expect(Double(beyond) / 440 <= found && found <= Double(perhaps) / 440)
    if scheme.bits == 2 { #expect(beyond > 0) }
    #expect(perhaps - beyond < 2)
  }

  @Test(
    arguments: Scheme.every(bits: [2, 4, 8], [.tensor, .channel, .group(8)])
      + Scheme.others([.tensor, .channel, .group(8)]), FloatFormat.allCases)
  func `clips nothing on a grid that covers all weights`(scheme: Scheme, format: FloatFormat) throws
  {
    let weights = Matrix.heavyTailed(50, 40, scale: 0.05, seed: 4)
    let grid = try GridRule(range: .minMax, scaleFormat: format)
      .grid(for: weights, scheme: scheme)
    #expect(QuantizedWeight(nearest: weights, on: grid).clippedShare(of: weights) == 0)
  }
}
