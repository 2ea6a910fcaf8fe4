import LinearAlgebra
import TestSupport
import Testing

@testable import Quantizer

/// A grid of one row of the given entries.
private func grid(
  _ points: Scheme.Points, bits: Int = 4, _ entries: [(scale: Float, offset: Float)]
) throws -> Grid {
  Grid(
    scheme: try Scheme(bits: bits, points: points, granularity: .group(2)), groupSize: 2,
    scales: Matrix(rows: 1, columns: entries.count, elements: entries.map(\.scale)),
    offsets: Matrix(rows: 1, columns: entries.count, elements: entries.map(\.offset)))
}

@Suite struct `The points of a grid` {
  @Test(arguments: [2, 3, 4, 5, 6, 8], [FloatFormat.float16, .bfloat16])
  func `are the same with zero points and with offsets`(bits: Int, format: FloatFormat) throws {
    let last = 1 << bits - 1
    let entries = (0...last).map { (format.rounded(0.0137 * Float($0 + 1)), Float($0)) }
    let integer = try grid(.zeroPoint, bits: bits, entries)
    let free = try #require(integer.stated(as: try integer.scheme.storing(points: .offset)))
    for group in entries.indices {
      for code in 0...last {
        let (a, b) = (
          integer.value(of: UInt8(code), row: 0, column: 2 * group),
          free.value(of: UInt8(code), row: 0, column: 2 * group)
        )
        #expect(a == b)
      }
    }
    #expect(free.stated(as: integer.scheme) == integer)
    #expect(integer.entry(unknownTo: free.scheme) == nil)
  }

  @Test(
    arguments: [
      // Off by a little, below the first code, above the last, descending.
      (0.5, -1.501), (0.5, 0.5), (0.5, -8), (-0.25, 1.5), (0.1, -0.30000004),
    ] as [(Float, Float)])
  func `have no zero point where the offset is not that of a code`(
    scale: Float, offset: Float
  ) throws {
    let free = try grid(.offset, [(0.5, -1.5), (scale, offset)])
    for points in [Scheme.Points.zeroPoint, .symmetric] {
      let other = try free.scheme.storing(points: points)
      #expect(free.stated(as: other) == nil)
    }
    let zeroPoint = try free.scheme.storing(points: .zeroPoint)
    #expect(free.entry(unknownTo: zeroPoint) == GridEntry(scale: scale, offset: offset))
  }

  @Test func `are symmetric where every zero point is the middle code`() throws {
    let symmetric = try Scheme(bits: 4, symmetric: true, granularity: .group(2))
    let middle = try grid(.offset, [(0.5, -4), (0.25, -2)])
    #expect(middle.stated(as: symmetric)?.zeroPoints == [8, 8])
    #expect(try grid(.offset, [(0.5, -4), (0.25, -1.75)]).stated(as: symmetric) == nil)
    #expect(try grid(.zeroPoint, [(0.5, 8), (0.25, 7)]).stated(as: symmetric) == nil)
    let even = try grid(.zeroPoint, [(0.5, 8), (0.25, 8)])
    #expect(even.stated(as: symmetric)?.scheme == symmetric)
  }

  @Test func `have no offset where float32 does not hold the product`() throws {
    let scale = Float(1) + Float.ulpOfOne
    #expect(
      try grid(.zeroPoint, [(scale, 7)]).stated(as: grid(.offset, []).scheme) == nil)
    #expect(
      try grid(.zeroPoint, [(scale, 8)]).stated(as: grid(.offset, []).scheme) != nil)
  }
}
