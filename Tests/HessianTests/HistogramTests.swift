import Hessian
import TestSupport
import Testing

/// The histogram of these values.
private func histogram(_ values: [Float], bins: Int = 2048) -> Histogram {
  var result = Histogram(binsPerSide: bins)
  result.add(values.span)
  return result
}

@Suite struct `A histogram` {
  @Test func `counts both sides of zero alike`() {
    let found = histogram([0.5, -0.5, 1, 3, -3.5, 0, -1, -0.999], bins: 4)
    #expect(found.limit == 4 && found.binWidth == 1 && found.extent == -3.5...3)
    #expect(found.counts == [1, 0, 1, 2, 2, 1, 0, 1])
    #expect(found.magnitudes == [4, 2, 0, 2])
    #expect(found.total == 8)
  }

  @Test func `doubles its range and keeps its counts`() {
    var found = histogram([0, 0.25, 0.75, -0.25, -0.5, 0.9], bins: 4)
    #expect(found.limit == 1 && found.counts == [0, 1, 1, 0, 1, 1, 0, 2])
    found.add(([1.5] as [Float]).span)
    #expect(found.limit == 2 && found.counts == [0, 0, 1, 1, 2, 2, 0, 1])
    found.add(([-15] as [Float]).span)
    #expect(found.limit == 16 && found.counts == [1, 0, 0, 2, 5, 0, 0, 0])
    #expect(found.extent == -15...1.5)
  }

  @Test func `does not depend on when an edge between bins was the end of the range`() {
    let powers: [Float] = [0.5, 1, 2, 4, -0.25, -1, -8, 16]
    #expect(histogram(powers, bins: 16) == histogram(powers.reversed(), bins: 16))
    #expect(histogram(powers, bins: 16).limit == 32)
  }

  @Test(arguments: Distribution.allCases)
  func `is the same for any order and any chunks`(distribution: Distribution) {
    let values = distribution.values(3000, seed: 1)
    let whole = histogram(values)
    let magnitude = values.map(abs).max() ?? 0
    #expect(Double(magnitude) < whole.limit && whole.limit <= 2 * Double(magnitude))
    for (i, count) in whole.magnitudes.enumerated() {
      let bin = Double(i) * whole.binWidth..<Double(i + 1) * whole.binWidth
      #expect(count == Double(values.count { bin.contains(Double(abs($0))) }))
    }
    var chunked = Histogram()
    let sorted = values.sorted { abs($0) < abs($1) }
    for start in stride(from: 0, to: 3000, by: 700) {
      chunked.add(sorted.span.extracting(start..<min(3000, start + 700)))
    }
    #expect(chunked == whole)
  }

  @Test(arguments: Distribution.allCases)
  func `merges to that of all values`(distribution: Distribution) {
    let values = distribution.values(3000, seed: 2)
    let parts = [histogram(values.map { 0.01 * $0 }), histogram(values), Histogram()]
    let all = histogram(values.map { 0.01 * $0 } + values)
    for order in [[0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0]] {
      var merged = Histogram()
      for i in order { merged.merge(parts[i]) }
      #expect(merged == all)
    }
  }

  @Test func `keeps each value within a bin when merged with one of another range`() {
    let x = Distribution.laplace.activations(tokens: 200, channels: 3, seed: 3)
    var ranges = ChannelRanges(channels: 3, collectsHistogram: true)
    ranges.add(x)
    let (a, b) = (ranges.histogram, histogram(Distribution.normal.values(500, seed: 4)))
    var merged = a
    merged.merge(b)
    #expect(abs(merged.total - 1100) < 1e-9)
    func below(_ limit: Double, _ histogram: Histogram) -> Double {
      histogram.counts.enumerated().reduce(0) {
        let start = Double($1.offset - histogram.binsPerSide) * histogram.binWidth
        return $0 + (start < limit ? $1.element : 0)
      }
    }
    for edge in stride(from: -3, through: 3, by: 0.25) {
      let width = 2 * merged.binWidth
      let sum = below(edge, merged)
      #expect(sum >= below(edge - width, a) + below(edge - width, b) - 1e-6)
      #expect(sum <= below(edge + width, a) + below(edge + width, b) + 1e-6)
    }
  }

  @Test func `has no range without values other than zero`() {
    #expect(Histogram().limit == 0 && Histogram().total == 0 && Histogram().extent == 0...0)
    var zeros = histogram([0, -0, .nan, .infinity, -.infinity])
    #expect(zeros.limit == 0 && zeros.total == 2 && zeros.binWidth == 0)
    zeros.merge(zeros)
    #expect(zeros.total == 4)
    zeros.merge(histogram([3]))
    #expect(zeros.limit == 4 && zeros.magnitudes.first == 4 && zeros.total == 5)
  }
}
