import Hessian
import LinearAlgebra
import TestSupport
import Testing

/// The ranges of the values in these batches.
private func ranges(_ batches: Matrix..., histogram: Bool = true) -> ChannelRanges {
  var result = ChannelRanges(channels: batches[0].columns, collectsHistogram: histogram)
  for batch in batches { result.add(batch) }
  return result
}

/// The values of a channel.
private func column(_ x: Matrix, _ j: Int) -> [Float] { (0..<x.rows).map { x[$0, j] } }

@Suite struct `Ranges of channels` {
  @Test(arguments: [1, 2, 15, 16, 17, 40], [1, 7, 300])
  func `are those of the columns of all batches`(channels: Int, tokens: Int) {
    let x = Matrix.heavyTailed(tokens, channels, seed: 1)
    let (bare, full) = (ranges(x, histogram: false), ranges(x))
    for found in [bare, full] {
      #expect(found.tokenCount == tokens)
      for j in 0..<channels {
        let values = column(x, j)
        #expect(found.minima[j] == values.min() && found.maxima[j] == values.max())
        let mean = values.reduce(0) { $0 + Double(abs($1)) } / Double(tokens)
        // Sums of up to 256 floats, and one rounding of the result.
        #expect(abs(Double(found.meanMagnitudes[j]) - mean) <= 257 * 0x1p-24 * mean)
      }
    }
    #expect(full.histogram.total.rounded() == Double(channels * tokens))
  }

  @Test
  func
    `moving averages start at the first batch and move a hundredth of the way to each later one`()
  {
    let tops: [Float] = [2, 4, 1, 8]
    var (found, expected) = (ChannelRanges(channels: 1), tops[0])
    for (i, top) in tops.enumerated() {
      found.add(Matrix(rows: 2, columns: 1, elements: [top, -3 * top]))
      // A batch without tokens does not count.
      found.add(Matrix(rows: 0, columns: 1))
      if i > 0 { expected += 0.01 * (top - expected) }
    }
    #expect(found.movingMaxima == [expected])
    #expect(abs(found.movingMinima[0] + 3 * expected) < 1e-5)
    #expect(abs(expected - 2.069_702) < 1e-6)
  }

  @Test(arguments: Distribution.allCases)
  func `merge to those of all tokens`(distribution: Distribution) {
    let x = distribution.activations(tokens: 500, channels: 21, seed: 2)
    let (a, b) = (ranges(x.copy(rows: 0..<123)), ranges(x.copy(rows: 123..<500)))
    let whole = ranges(x)
    var merged = a
    merged.merge(b)
    #expect(merged.tokenCount == 500)
    #expect(merged.minima == whole.minima && merged.maxima == whole.maxima)
    #expect(merged.histogram == whole.histogram)
    for j in 0..<21 {
      let difference = merged.meanMagnitudes[j] - whole.meanMagnitudes[j]
      #expect(abs(difference) <= 0x1p-15 * whole.meanMagnitudes[j])
      let mean = (123 * a.maxima[j] + 377 * b.maxima[j]) / 500
      #expect(abs(merged.movingMaxima[j] - mean) <= 1e-6 * abs(mean))
    }
  }

  @Test func `are unchanged by merging with empty ranges`() {
    let some = ranges(.gaussian(10, 3, seed: 3))
    var (left, right) = (some, ChannelRanges(channels: 3, collectsHistogram: true))
    left.merge(right)
    right.merge(some)
    #expect(left == some && right == some)
  }

  @Test func `skip values that are not finite`() {
    var x = Matrix.gaussian(20, 18, seed: 4)
    for i in 0..<20 { x[i, 1] = [.nan, .infinity, -.infinity][i % 3] }
    let clean = ranges(x)
    #expect(clean.minima[1] == 0 && clean.maxima[1] == 0 && clean.meanMagnitudes[1] == 0)
    #expect(clean.movingMaxima[1] == 0)
    #expect(clean.histogram.total.rounded() == 20 * 17)
    // In a channel that was never finite, the first finite value starts the average.
    var later = clean
    later.add(Matrix(rows: 1, columns: 18) { _, _ in 5 })
    #expect(later.movingMaxima[1] == 5 && later.maxima[1] == 5)
    for j in [0, 17] {
      x[7, j] = .infinity
      x[8, j] = .nan
      x[9, j] = -.infinity
      let rest = column(x, j).filter(\.isFinite)
      let found = ranges(x)
      #expect(found.minima[j] == rest.min() && found.maxima[j] == rest.max())
      #expect(found.meanMagnitudes[j].isFinite)
    }
  }

  @Test func `are zero without values`() {
    for found in [
      ChannelRanges(channels: 3, collectsHistogram: true), ranges(Matrix(rows: 9, columns: 3)),
    ] {
      #expect(found.minima == [0, 0, 0] && found.movingMaxima == [0, 0, 0])
      #expect(found.meanMagnitudes == [0, 0, 0])
      #expect(found.extent == 0...0 && found.histogram.limit == 0)
    }
    #expect(ChannelRanges(channels: 0).extent == 0...0)
  }

  @Test func `count values of any size`() {
    let values: [Float] = [
      0, -0, 0x1p-149, -0x1p-30, 0x1p-24, -0x1p-24, 1, 0x1p23, 0x1p24, -0x1p60,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
    ]
    let found = ranges(Matrix(rows: values.count, columns: 1, elements: values))
    for factor: Float in [.leastNonzeroMagnitude, 1, .greatestFiniteMagnitude] {
      let histogram = found.divided(by: [factor]).histogram
      #expect(abs(histogram.total - Double(values.count)) < 1e-9)
      #expect(histogram.counts.allSatisfy { $0 >= 0 && $0.isFinite })
      #expect(histogram.limit == Double(Float.greatestFiniteMagnitude) / Double(factor))
    }
  }

  @Test func `have a histogram that ends where the values of each channel end`() {
    // All in the log bin 1 ..< 1 1/16 of either sign.
    let elements: [Float] = [1.01, -1.02, 1.05, -1.03]
    let found = ranges(Matrix(rows: 2, columns: 2, elements: elements))
    for (factors, places) in [
      ([1, 1], [1.01...1.05, -1.03...(-1.02)]), ([2, 0.5], [0.505...0.525, -2.06...(-2.04)]),
    ] as [([Float], [ClosedRange<Double>])] {
      let histogram = found.divided(by: factors).histogram
      for (i, count) in histogram.counts.enumerated() where count > 0 {
        let low = Double(i - histogram.binsPerSide) * histogram.binWidth
        let bin = low...low + histogram.binWidth
        #expect(places.contains { $0.overlaps(bin) }, "\(count) values in \(bin)")
      }
    }
  }

  @Test(arguments: Distribution.allCases, [false, true])
  func `have a histogram with each value within a sixteenth of its place`(
    distribution: Distribution, divided: Bool
  ) {
    let (tokens, channels) = (400, 19)
    let x = distribution.activations(tokens: tokens, channels: channels, seed: 5)
    var generator = SplitMix64(seed: 6)
    let factors = (0..<channels).map { _ in divided ? Float(generator.logNormal(1)) : 1 }
    let histogram = (divided ? ranges(x).divided(by: factors) : ranges(x)).histogram
    let values = (0..<tokens * channels).map {
      Double(x.elements[$0]) / Double(factors[$0 % channels])
    }.sorted()
    #expect(
      histogram.extent.lowerBound == values.first && histogram.extent.upperBound == values.last)
    #expect(abs(histogram.total - Double(values.count)) < 1e-6)
    // Whatever the histogram has up to e was below 17/16 e before it was spread over its log bin, and
    // all values below 16/17 e are up to e. A value on an edge may be on either side of it.
    func below(_ limit: Double) -> Double { Double(values.count { $0 <= limit }) }
    let ratio = 17.0 / 16 * (1 + 1e-9)
    var sum = 0.0
    for (i, count) in histogram.counts.enumerated().dropLast() {
      sum += count
      let edge = Double(i + 1 - histogram.binsPerSide) * histogram.binWidth
      let (inner, outer) = edge > 0 ? (edge / ratio, edge * ratio) : (edge * ratio, edge / ratio)
      #expect(
        sum >= below(inner - 1e-6) - 1e-6 && sum <= below(outer + 1e-6) + 1e-6, "edge \(edge)")
    }
  }
}
