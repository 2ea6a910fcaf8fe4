// Axes: where their ticks are, and which values they cannot show.

import TestSupport
import Testing

@testable import Report

@Suite struct `An axis` {
  @Test(arguments: [
    ([0.001, 100], [0.001, 0.01, 0.1, 1, 10, 100]),
    ([0.02, 6], [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]),
    ([17, 38], [20, 25, 30, 35]),
    ([1e-12, 1e12], [1e-10, 1e-5, 1, 1e5, 1e10]),
    ([0.5], [0.4, 0.6, 0.8, 1]),
  ])
  func `of logarithms has ticks at round values`(values: [Double], ticks: [Double]) throws {
    let axis = try #require(Axis(.logarithmic, covering: values))
    #expect(axis.ticks.map(Numbers.short) == ticks.map(Numbers.short))
  }

  @Test(arguments: [
    (Axis.Scale.linear, [3.25, 4.25], [3.5, 4]), (.linear, [0, 1], [0, 0.5, 1]),
    (.linear, [5], [4.6, 4.8, 5, 5.2, 5.4]), (.integer, [0, 29], [0, 10, 20, 30]),
    (.integer, [0, 1], [0, 1]), (.integer, [7], [7]), (.linear, [-1, 1], [-1, -0.5, 0, 0.5, 1]),
  ])
  func `that is linear has ticks at round values`(
    scale: Axis.Scale, values: [Double], ticks: [Double]
  ) throws {
    let axis = try #require(Axis(scale, covering: values))
    #expect(axis.ticks.map(Numbers.short) == ticks.map(Numbers.short))
  }

  @Test func `maps its ends to the ends, with a margin`() throws {
    let axis = try #require(Axis(.logarithmic, covering: [10, 0.1, 1, .nan, 0, -1, .infinity]))
    let shares = try [0.1, 1, 10].map { try #require(axis.share($0)) }
    #expect(try pairs(shares, [0.05 / 1.1, 0.5, 1.05 / 1.1]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func `cannot show what is not finite, nor zero where it is logarithmic`() throws {
    let axis = try #require(Axis(.logarithmic, covering: [1]))
    #expect([0, -1, .nan, .infinity].allSatisfy { axis.share($0) == nil })
    #expect(try #require(Axis(.linear, covering: [1])).share(.nan) == nil)
    #expect(Axis(.logarithmic, covering: [0, -1, .nan]) == nil)
    #expect(Axis(.linear, covering: [.infinity]) == nil)
    #expect(Axis(.linear, covering: [-1e308, 1e308]) == nil)
  }

  @Test(arguments: [1e-300, 1e-9, 1, 1e300, 1.7e308])
  func `of any size has a few ticks`(size: Double) throws {
    for scale in [Axis.Scale.linear, .integer, .logarithmic] {
      for values in [[size], [size, size.nextDown], [size, size / 3]] {
        guard let axis = Axis(scale, covering: values) else { continue }
        #expect(axis.ticks.count <= 10)
        #expect(axis.ticks.allSatisfy { axis.share($0) != nil })
      }
    }
  }
}
