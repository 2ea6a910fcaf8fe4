import Foundation
import TestSupport
import Testing

@testable import LinearAlgebra

/// Lengths around whole lanes and pairs of lanes.
private let lengths = [1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 63, 100, 129]

/// `|a − b|` in units in the last place of b.
private func ulps(_ a: Float, _ b: Double) -> Double { abs(Double(a) - b) / Double(Float(b).ulp) }

/// The exponentials of x ≤ 0, which are the terms of the sum: a leading 0 makes the offset 0.
private func exponentials(_ values: [Float]) -> [Float] {
  var row = [0] + values
  var span = row.mutableSpan
  _ = VectorMath.logSumExp(&span)
  return Array(row.dropFirst())
}

private func softmax(_ values: [Float]) -> [Float] {
  var row = values
  var span = row.mutableSpan
  VectorMath.softmax(&span)
  return row
}

private func logSumExp(_ values: [Float]) -> Double {
  var row = values
  var span = row.mutableSpan
  return VectorMath.logSumExp(&span)
}

private func isFinite(_ values: [Float]) -> Bool { VectorMath.isFinite(values.span) }

private func maximum(_ values: [Float]) -> Float { VectorMath.maximum(values.span) }

@Suite struct `Sums and functions over rows` {
  @Test(arguments: lengths)
  func `an inner product is within its rounding bound`(count: Int) {
    let (a, b) = (Matrix.gaussian(1, count, seed: 1), Matrix.gaussian(1, count, seed: 2))
    let products = (0..<count).map { Double(a[0, $0]) * Double(b[0, $0]) }
    let bound = Double(Float.ulpOfOne) * products.reduce(0) { $0 + abs($1) }
    // count/32 additions in the lanes, one of the two sums, four across the lanes, and the tail.
    let steps = Double(count / 32 + 16 + 8)
    let result = VectorMath.dot(a.row(0), b.row(0))
    #expect(abs(Double(result) - products.reduce(0, +)) <= steps * bound)
  }

  @Test(arguments: lengths)
  func `the maximum is found at every position`(count: Int) {
    for position in 0..<count {
      let values = (0..<count).map { $0 == position ? -1 : -2 - Float($0) }
      #expect(maximum(values) == -1)
    }
    #expect(maximum([]) == -.infinity)
  }

  @Test(arguments: lengths)
  func `the first of equal maxima is found at every position`(count: Int) {
    for position in 0..<count {
      let values = (0..<count).map { $0 >= position ? 3 : Float($0) - 200 }
      #expect(VectorMath.firstMaximum(values.span) == (position, 3))
    }
  }

  @Test(arguments: lengths + [255, 256, 257, 271, 8192])
  func `the sums of a divergence agree with doubles`(count: Int) {
    let a = Matrix.gaussian(1, count, scale: 4, seed: 7).elements
    let b = zip(a, Matrix.gaussian(1, count, seed: 8).elements).map { $0 + $1 }
    let (top, other) = (maximum(a), maximum(b))
    let sums = VectorMath.divergenceSums(a.span, minus: top, b.span, minus: other)
    var exact = (a: 0.0, b: 0.0, difference: 0.0, magnitude: 0.0)
    for (x, y) in zip(a, b) {
      let (p, q) = (Double(x) - Double(top), Double(y) - Double(other))
      exact.a += exp(p)
      exact.b += exp(q)
      exact.difference += exp(p) * (p - q)
      exact.magnitude += exp(p) * abs(p - q)
    }
    #expect(abs(sums.a - exact.a) < 1e-6 * exact.a)
    #expect(abs(sums.b - exact.b) < 1e-6 * exact.b)
    #expect(abs(sums.difference - exact.difference) < 2e-6 * (exact.magnitude + exact.a))
  }

  @Test(arguments: lengths)
  func `notice an element that is not finite at every position`(count: Int) {
    let largest = [Float](repeating: .greatestFiniteMagnitude, count: count)
    #expect(isFinite(largest))
    for position in 0..<count {
      for bad in [Float.nan, .infinity, -.infinity] {
        var values = largest
        values[position] = bad
        #expect(!isFinite(values), "\(bad) at \(position)")
      }
    }
  }

  @Test func `the exponential is within two units in the last place`() {
    let count = 2_000_000
    let values = (0...count).map { -87 * Float($0) / Float(count) }
    var worst = (ulps: 0.0, at: Float(0))
    let found = exponentials(values)
    #expect(found.count == values.count)
    for (x, y) in zip(values, found) {
      let error = ulps(y, exp(Double(x)))
      if error > worst.ulps { worst = (error, x) }
    }
    #expect(worst.ulps <= 2, "at \(worst.at)")
  }

  @Test(arguments: [1, 7, 16, 23])
  func `the exponential is the same in lanes and in the tail`(count: Int) {
    let values = (0..<count).map { -Float($0) * 1.7 }
    #expect(exponentials(values) == values.map { exponentials([$0])[0] })
  }

  @Test(arguments: lengths)
  func `a softmax sums to one and has the right shares`(count: Int) {
    let values = Matrix.gaussian(1, count, scale: 6, seed: 3).elements
    let offset = Double(values.max() ?? 0)
    let exact = values.map { exp(Double($0) - offset) }
    let sum = exact.reduce(0, +)
    let result = softmax(values)
    #expect(result.count == count)
    #expect(abs(result.reduce(0) { $0 + Double($1) } - 1) < 1e-6)
    for (share, term) in zip(result, exact) {
      // The difference x − max is rounded before the exponential sees it: half an ulp of 30.
      #expect(abs(Double(share) - term / sum) <= 4e-6 * term / sum)
    }
  }

  @Test func `do not overflow in the softmax or the logarithm of the sum`() {
    #expect(softmax([1e30, 1e30, 0]) == [0.5, 0.5, softmax([1e30, 1e30, 0])[2]])
    #expect(softmax([1e30, 1e30, 0])[2] < 1e-37)
    #expect(abs(logSumExp([1000, 1000, 1000, 1000]) - (1000 + log(4.0))) < 1e-4)
    #expect(abs(logSumExp([-1000, -1001]) - (-1000 + log(1 + exp(-1.0)))) < 1e-4)
    #expect(softmax([-3]) == [1])
  }

  @Test(arguments: lengths)
  func `the logarithm of the sum of exponentials agrees with doubles`(count: Int) {
    let values = Matrix.gaussian(1, count, scale: 4, seed: 4).elements
    let exact = log(values.reduce(0) { $0 + exp(Double($1)) })
    #expect(abs(logSumExp(values) - exact) <= 1e-6 * max(1, abs(exact)))
  }

  @Test(arguments: lengths)
  func `agree with doubles in the gate, far from zero too`(count: Int) {
    var gate = Matrix.gaussian(1, count, scale: 8, seed: 5).elements
    gate[0] = 100
    gate[count - 1] = -60
    let (before, up) = (gate, Matrix.gaussian(1, count, seed: 6).elements)
    var span = gate.mutableSpan
    VectorMath.gateSiLU(&span, times: up.span)
    for i in 0..<count {
      let g = Double(before[i])
      #expect(ulps(gate[i], g / (1 + exp(-g)) * Double(up[i])) <= 5, "gate \(g)")
    }
  }

  @Test func `lanes round ties to even`() {
    let values: [Float] = [0.5, 1.5, 2.5, -0.5, -1.5, 3.49, -3.51, 0, 2e6 + 0.5, -2e6 - 0.5]
    for value in values {
      #expect(Lanes(repeating: value).roundedToInteger[5] == value.rounded(.toNearestOrEven))
    }
  }
}

@Suite struct `Loops in C` {
  @Test(arguments: [0, 1, 3, 4, 7, 64])
  func `add up weighted vectors within the rounding bound`(count: Int) {
    let weights = Matrix.gaussian(1, count, seed: 1)
    let values = Matrix.gaussian(count, 16, seed: 2)
    let vectors = (0..<count).map { values.row($0).lanes(at: 0) }
    let sum = VectorMath.weightedSum(weights.elements.span, vectors.span)
    for lane in 0..<16 {
      let products = (0..<count).map { Double(weights[0, $0]) * Double(values[$0, lane]) }
      let size = products.reduce(0) { $0 + abs($1) }
      #expect(
        abs(Double(sum[lane]) - products.reduce(0, +))
          <= Double(count + 2) * Double(Float.ulpOfOne) * size)
    }
  }

  @Test(arguments: [1, 15, 16, 17, 100])
  func `have the bits of the exponential in lanes`(count: Int) {
    let values = Matrix.gaussian(1, count, scale: 30, seed: 3).elements
    var found = values
    var span = found.mutableSpan
    _ = VectorMath.exponentials(of: &span, minus: 2)
    let expected = values.map { VectorMath.exponential(Lanes(repeating: $0 - 2))[0] }
    #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
  }
}
