// Scales that are floats of eight bits.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private func scheme(_ size: Int) throws -> Scheme {
  try Scheme(bits: 4, points: .table(.e2m1), granularity: .group(size))
}

@Suite struct `Scales of eight bits` {
  @Test(
    arguments: [
      (6, 1), (6.9, 1), (7.1, 2), (3.4, 0.5), (3.6, 1), (0, 0x1p-126), (0x1p-133, 0x1p-126),
    ] as [(Float, Float)])
  func `as powers of two clip a seventh of the range at most`(largest: Float, scale: Float) throws {
    let entry = SmallFloatScales.powersOfTwo.entry(covering: -largest...0, try scheme(32))
    #expect(entry == GridEntry(scale: scale, offset: 0))
  }

  @Test(arguments: [(1, 1), (1.4, 1), (1.42, 2), (0.7, 0.5), (0.72, 1)] as [(Float, Float)])
  func `as powers of two are the nearest by ratio`(ideal: Float, scale: Float) throws {
    let entry = SmallFloatScales.powersOfTwo.entry(
      nearestTo: GridEntry(scale: ideal, offset: 0), try scheme(32))
    #expect(entry.scale == scale)
  }

  @Test(
    arguments: [
      (1, 1), (1.05, 1), (1.07, 1.125), (0, 0x1p-17), (1e-9, 0x1p-17), (1.75, 1.75), (1.81, 1.75),
      (1.82, .infinity),
    ] as [(Float, Float)])
  func `as E4M3 have three bits behind the point`(ideal: Float, scale: Float) throws {
    let encoding = SmallFloatScales.e4m3(divisor: 256)
    let entry = encoding.entry(
      nearestTo: GridEntry(scale: ideal, offset: 0), try scheme(16))
    #expect(entry.scale == scale)
  }

  @Test(arguments: [SmallFloatScales.powersOfTwo, .e4m3(divisor: 256)])
  func `make grids that are stored as they are`(encoding: SmallFloatScales) throws {
    let weights = Matrix.heavyTailed(24, 256, scale: 0.02, seed: 8)
    for range in [GridRule.Range.minMax, .squaredError] {
      let rule = GridRule(range: range, encoding: encoding)
      let grid = try rule.grid(for: weights, scheme: try scheme(32))
      #expect(encoding.nearest(to: grid) == grid)
      #expect(!encoding.absorbsRowFactors(grid.scheme))
    }
  }
}
