// Statistics of scaled inputs, their blocks, and what rows of weights make of them, against doubles.

import Hessian
import LinearAlgebra
import TestSupport
import Testing

private func statistics(_ x: Matrix) -> InputStatistics {
  var result = InputStatistics(channels: x.columns)
  result.add(x)
  return result
}

private func divided(_ x: Matrix, _ factors: [Float]) -> Matrix {
  Matrix(rows: x.rows, columns: x.columns) { x[$0, $1] / factors[$1] }
}

private func factors(_ count: Int, seed: UInt64) -> [Float] {
  var generator = SplitMix64(seed: seed)
  return (0..<count).map { _ in Float(generator.logNormal(1.5)) }
}

/// Whether two numbers agree within a share of the larger one.
private func agree(_ a: Float, _ b: Float, _ share: Float = 1e-5) -> Bool {
  abs(a - b) <= share * max(abs(a), abs(b))
}

@Suite struct `Statistics divided by factors` {
  @Test(arguments: [1, 3, 16, 40, 70])
  func `are those of the divided inputs`(channels: Int) {
    let x = Matrix.activations(tokens: 90, channels: channels, seed: 1)
    let s = factors(channels, seed: 2)
    let found = statistics(x).divided(by: s)
    let expected = statistics(divided(x, s))
    #expect(found.tokenCount == 90 && found.channels == channels)
    let exact = DoubleMatrix.secondMoment(of: x)
    let block = found.block(0..<channels)
    for i in 0..<channels {
      #expect(agree(found.meanAbsolutes[i], expected.meanAbsolutes[i]))
      #expect(agree(found.maxAbsolutes[i], expected.maxAbsolutes[i]))
      #expect(agree(found.meanSquares[i], expected.meanSquares[i]))
      for j in 0..<channels {
        let value = exact[i, j] / (Double(s[i]) * Double(s[j]))
        #expect(abs(Double(block[i, j]) - value) <= 1e-6 * abs(value))
      }
    }
    #expect(found.sample.rows == expected.sample.rows)
  }

  @Test func `in two steps are divided by the product`() {
    let x = Matrix.activations(tokens: 50, channels: 12, seed: 3)
    let (s, t) = (factors(12, seed: 4), factors(12, seed: 5))
    let twice = statistics(x).divided(by: s).divided(by: t)
    let once = statistics(x).divided(by: zip(s, t).map { $0 * $1 })
    for i in 0..<12 {
      #expect(agree(twice.maxAbsolutes[i], once.maxAbsolutes[i]))
      #expect(agree(twice.meanAbsolutes[i], once.meanAbsolutes[i]))
      #expect(agree(twice.meanSquares[i], once.meanSquares[i]))
      #expect(agree(twice.ranges.divisors?[i] ?? 0, s[i] * t[i]))
    }
    for (a, b) in zip(twice.sample.rows.elements, once.sample.rows.elements) {
      #expect(agree(a, b))
    }
  }

  @Test func `leave the ranges that came, and say what to divide them by`() {
    let x = Matrix.activations(tokens: 50, channels: 5, seed: 6)
    let s = factors(5, seed: 7)
    let plain = statistics(x).ranges
    let found = statistics(x).divided(by: s).ranges
    #expect(plain.divisors == nil && found.divisors == s)
    #expect(found.added.minima == plain.added.minima)
    #expect(found.added.maxima == plain.added.maxima)
  }
}

@Suite struct `A block of the second moment` {
  @Test(arguments: [0..<1, 0..<16, 3..<20, 38..<40, 0..<40])
  func `has both triangles`(columns: Range<Int>) {
    let x = Matrix.activations(tokens: 64, channels: 40, seed: 8)
    let exact = DoubleMatrix.secondMoment(of: x)
    let block = statistics(x).block(columns)
    for i in columns {
      for j in columns {
        #expect(block[i - columns.lowerBound, j - columns.lowerBound] == Float(exact[i, j]))
      }
    }
  }
}

@Suite struct `The energies of rows` {
  @Test(arguments: [1, 2, 17, 64], [1, 9])
  func `are the mean squared outputs`(channels: Int, rows: Int) {
    let x = Matrix.activations(tokens: 100, channels: channels, seed: 9)
    let m = Matrix.gaussian(rows, channels, seed: 10)
    let outputs = DoubleMatrix(x) * DoubleMatrix(m).transposed
    let found = statistics(x).rowEnergies(of: m)
    #expect(found.count == rows)
    for row in 0..<rows {
      let exact = (0..<100).reduce(0.0) { $0 + outputs[$1, row] * outputs[$1, row] } / 100
      #expect(abs(found[row] - exact) <= 1e-4 * exact)
    }
    #expect(InputStatistics(channels: channels).rowEnergies(of: m) == found.map { _ in 0 })
  }
}
