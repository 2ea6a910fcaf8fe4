import Hessian
import LinearAlgebra
import Solvers
import TestSupport
import Testing

/// Inputs, factors of their channels, and what is seen of the divided inputs in three ways.
private struct DividedInputs {
  /// The values x/s.
  let values: [Float]
  /// s.
  let factors: [Float]
  /// What was seen of x, to be divided by s.
  var ranges: ChannelRanges
  /// What was seen of x/s.
  var dividedRanges: ChannelRanges
  /// The linear histogram of x/s.
  var histogram = Histogram()

  init(_ distribution: Distribution) {
    let (tokens, channels) = (4000, 24)
    let x = distribution.activations(tokens: tokens, channels: channels, seed: 1)
    var generator = SplitMix64(seed: 2)
    let factors = (0..<channels).map { _ in Float(generator.logNormal(0.7)) }
    let divided = Matrix(rows: tokens, columns: channels) { x[$0, $1] / factors[$1] }
    self.factors = factors
    values = divided.elements
    ranges = ChannelRanges(channels: channels, collectsHistogram: true)
    dividedRanges = ranges
    ranges.add(x)
    dividedRanges.add(divided)
    histogram.add(divided.elements.span)
  }
}

@Suite struct `Dividing what was observed` {
  @Test(arguments: Distribution.allCases, [false, true])
  func `moves a percentile by a sixteenth at most`(distribution: Distribution, symmetric: Bool) {
    let inputs = DividedInputs(distribution)
    for percentage in [50, 90, 99, 99.9, 99.99, 100] {
      let observer = Observer.percentile(percentage)
      let a = observer.range(
        of: inputs.ranges.divided(by: inputs.factors), bits: 8, symmetric: symmetric)
      let b = observer.range(of: inputs.histogram, bits: 8, symmetric: symmetric)
      // A value is known to a sixteenth of itself, and to the width of a bin of either histogram.
      for (a, b) in [(a.lowerBound, b.lowerBound), (a.upperBound, b.upperBound)] {
        #expect(abs(Double(a - b)) <= Double(abs(b)) / 16 + 2 * inputs.histogram.binWidth)
      }
    }
  }

  @Test(arguments: Distribution.allCases, [false, true])
  func `costs little squared error`(distribution: Distribution, symmetric: Bool) {
    let inputs = DividedInputs(distribution)
    let values = inputs.values.map(Double.init)
    for bits in [4, 8] {
      func error(_ range: ClosedRange<Float>) -> Double {
        TextbookCalibrators.squaredError(
          values, Double(range.lowerBound)...Double(range.upperBound), bits: bits,
          symmetric: symmetric)
      }
      let observer = Observer.squaredError
      let a = observer.range(
        of: inputs.ranges.divided(by: inputs.factors), bits: bits, symmetric: symmetric)
      let b = observer.range(of: inputs.histogram, bits: bits, symmetric: symmetric)
      // The error is flat around its minimum, so a sixteenth in the place of values costs its
      // square, 0.4 %, and the sampling of the curve as much again: 2 %.
      #expect(error(a) <= 1.02 * error(b))
    }
  }

  @Test(arguments: Distribution.allCases, [false, true])
  func `moves the least divergence by two log bins at most`(
    distribution: Distribution, symmetric: Bool
  ) {
    let inputs = DividedInputs(distribution)
    for bits in [4, 8] {
      // Both from log bins: the divergence depends on which bins are empty, and so on their width,
      // much more than on where in them the values are.
      let a = Observer.entropy.range(
        of: inputs.ranges.divided(by: inputs.factors), bits: bits, symmetric: symmetric)
      let b = Observer.entropy.range(of: inputs.dividedRanges, bits: bits, symmetric: symmetric)
      for (a, b) in [(a.lowerBound, b.lowerBound), (a.upperBound, b.upperBound)] {
        #expect(abs(a - b) <= abs(b) / 8)
      }
    }
  }
}
