import Hessian
import LinearAlgebra
import Solvers
import TestSupport
import Testing

private typealias Textbook = TextbookCalibrators

/// A histogram of some values.
private func histogram(_ values: [Float], bins: Int = 2048) -> Histogram {
  var result = Histogram(binsPerSide: bins)
  result.add(values.span)
  return result
}

/// The range in double precision.
private func wide(_ range: ClosedRange<Float>) -> ClosedRange<Double> {
  Double(range.lowerBound)...Double(range.upperBound)
}

private let observers: [Observer] = [
  .minMax, .movingAverage, .percentile(99.9), .squaredError, .entropy,
]

@Suite struct `An observer` {
  @Test(arguments: observers, [false, true])
  func `gives 0…0 for no values and for zeros`(observer: Observer, symmetric: Bool) {
    var ranges = ChannelRanges(channels: 3, collectsHistogram: true)
    #expect(observer.range(of: ranges, bits: 8, symmetric: symmetric) == 0...0)
    ranges.add(Matrix(rows: 5, columns: 3))
    #expect(observer.range(of: ranges, bits: 8, symmetric: symmetric) == 0...0)
  }

  @Test(arguments: observers, [false, true])
  func `gives a range that contains 0 and is no wider than the values`(
    observer: Observer, symmetric: Bool
  ) {
    for values: [Float] in [[3], [-3], [1, 2, 3], [-1, -2], [-5, 0.1, 0.2], [1e-30, 2e30]] {
      var ranges = ChannelRanges(channels: 1, collectsHistogram: true)
      ranges.add(Matrix(rows: values.count, columns: 1, elements: values))
      let (low, high) = (min(0, values.min() ?? 0), max(0, values.max() ?? 0))
      let (least, largest) = symmetric ? (-max(-low, high), max(-low, high)) : (low, high)
      for bits in [2, 4, 8] {
        let range = observer.range(of: ranges, bits: bits, symmetric: symmetric)
        #expect(range.contains(0) && range.lowerBound < range.upperBound)
        #expect(range.lowerBound >= least && range.upperBound <= largest)
        #expect(!symmetric || range.lowerBound == -range.upperBound)
      }
    }
  }

  @Test func `divides extents exactly`() {
    let x = Distribution.laplace.activations(tokens: 50, channels: 20, seed: 1)
    var generator = SplitMix64(seed: 2)
    let factors = (0..<20).map { _ in Float(generator.logNormal(1)) }
    var (whole, divided) = (ChannelRanges(channels: 20), ChannelRanges(channels: 20))
    whole.add(x)
    divided.add(Matrix(rows: 50, columns: 20) { x[$0, $1] / factors[$1] })
    for symmetric in [false, true] {
      for observer in [Observer.minMax, .movingAverage] {
        #expect(
          observer.range(of: whole.divided(by: factors), bits: 8, symmetric: symmetric)
            == observer.range(of: divided, bits: 8, symmetric: symmetric))
      }
    }
  }
}

@Suite struct `The percentile observer` {
  @Test func `cuts off the share that it is told to`() {
    let hundred = histogram((1...100).map(Float.init))
    let m = Observer.percentile(90).range(of: hundred, bits: 8, symmetric: true).upperBound
    #expect(abs(Double(m) - 90) <= hundred.binWidth)
    #expect(Observer.percentile(100).range(of: hundred, bits: 8, symmetric: true) == -100...100)
    #expect(Observer.percentile(100).range(of: hundred, bits: 8, symmetric: false) == 0...100)
    // One of 1000 values is cut off at either end, and no more.
    let bulk = (0..<998).map { Float($0 % 3 - 1) }
    let outliers = histogram(bulk + [-1000, 1000])
    let range = wide(Observer.percentile(99.8).range(of: outliers, bits: 8, symmetric: false))
    #expect(abs(range.lowerBound + 1) <= outliers.binWidth)
    #expect(abs(range.upperBound - 1) <= outliers.binWidth)
    let more = Observer.percentile(99.9).range(of: outliers, bits: 8, symmetric: false)
    #expect(more.upperBound > 999 && more.lowerBound < -999)
  }

  @Test(arguments: Distribution.allCases, [50, 90, 99, 99.9, 99.99, 100])
  func `is within a bin of the sorted values`(distribution: Distribution, percentage: Double) {
    let values = distribution.values(20_000, seed: 3)
    let found = histogram(values)
    let observer = Observer.percentile(percentage)
    let magnitudes = values.map { Double(abs($0)) }
    let m = observer.range(of: found, bits: 8, symmetric: true).upperBound
    let slack = found.binWidth + 1e-6 * found.limit
    #expect(abs(Double(m) - Textbook.percentile(percentage, of: magnitudes)) <= slack)
    let range = wide(observer.range(of: found, bits: 8, symmetric: false))
    let share = (100 + percentage) / 2
    let high = Textbook.percentile(share, of: values.map(Double.init))
    let low = -Textbook.percentile(share, of: values.map { -Double($0) })
    #expect(abs(range.upperBound - high) <= slack && abs(range.lowerBound - low) <= slack)
  }
}

@Suite struct `The squared-error observer` {
  @Test(arguments: Distribution.allCases, [4, 8])
  func `finds the least of NVIDIA's candidates`(distribution: Distribution, bits: Int) {
    let found = histogram(distribution.values(20_000, seed: 4), bins: 256)
    let centres = (0..<512).map { (Double($0) - 255.5) * found.binWidth }
    func error(_ m: Double) -> Double {
      Textbook.squaredError(centres, counts: found.counts, -m...m, bits: bits, symmetric: true)
    }
    var best = (m: 0.0, error: Double.infinity)
    for m in centres[(256 + 16)...] where error(m) < best.error { best = (m, error(m)) }
    let m = Observer.squaredError.range(of: found, bits: bits, symmetric: true).upperBound
    #expect(m == Float(best.m))
  }

  @Test(arguments: Distribution.allCases, [4, 8])
  func `is near the best range for the values themselves`(distribution: Distribution, bits: Int) {
    let values = distribution.values(5000, seed: 5)
    let raw = values.map(Double.init)
    let found = histogram(values)
    for symmetric in [true, false] {
      func error(_ range: ClosedRange<Double>) -> Double {
        Textbook.squaredError(raw, range, bits: bits, symmetric: symmetric)
      }
      let largest = found.largestMagnitude
      let least =
        (16...256).map { part in
          let p = Double(part) / 256
          return error(
            symmetric
              ? -p * largest...p * largest
              : p * found.extent.lowerBound...p * found.extent.upperBound)
        }.min() ?? 0
      let range = Observer.squaredError.range(of: found, bits: bits, symmetric: symmetric)
      #expect(error(wide(range)) <= 1.02 * least)
    }
  }
}

@Suite struct `The entropy observer` {
  @Test(arguments: Distribution.allCases, [4, 8])
  func `is exactly the calibrator of the textbook`(distribution: Distribution, bits: Int) {
    let found = histogram(distribution.values(20_000, seed: 6))
    var bins = found.magnitudes
    bins[0] = bins[1]
    var best = (end: 0, divergence: Double.infinity)
    for i in 128...2048 {
      let value = Textbook.divergence(bins, window: 0..<i, levels: 1 << (bits - 1))
      if value <= best.divergence { best = (i, value) }
    }
    let m = min(found.largestMagnitude, Double(best.end) * found.binWidth)
    #expect(Observer.entropy.range(of: found, bits: bits, symmetric: true).upperBound == Float(m))
  }

  @Test(arguments: Distribution.allCases, [false, true])
  func `grows windows around zero when asymmetric`(distribution: Distribution, oneSided: Bool) {
    let values = distribution.values(20_000, seed: 7)
    let found = histogram(oneSided ? values.map { max(0, $0) } : values, bins: 512)
    var bins = found.counts
    bins[512] = bins[513]
    bins[511] = bins[510]
    let low = Int((found.extent.lowerBound / found.binWidth).rounded(.down))
    let high = Int((found.extent.upperBound / found.binWidth).rounded(.up))
    var best = (window: 0..<0, divergence: Double.infinity)
    for i in 32...512 {
      let window = 512 + max(low, -i)..<512 + min(high, i)
      guard window.count >= 16 else { continue }
      let value = Textbook.divergence(bins, window: window, levels: 16)
      if value <= best.divergence { best = (window, value) }
    }
    let range = Observer.entropy.range(of: found, bits: 4, symmetric: false)
    let ends = [best.window.lowerBound, best.window.upperBound].map {
      Double($0 - 512) * found.binWidth
    }
    #expect(range.lowerBound == Float(max(found.extent.lowerBound, ends[0])))
    #expect(range.upperBound == Float(min(found.extent.upperBound, ends[1])))
  }
}
