// Statistics of divided inputs, their blocks, and the energies of rows, compared with doubles.

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

/// Whether two numbers differ by at most a share of the larger one.
private func agree(_ a: Float, _ b: Float, _ share: Float = 1e-5) -> Bool {
  abs(a - b) <= share * max(abs(a), abs(b))
}

@Suite struct `Statistics divided by factors` {
  @Test(arguments: [1, 3, 16, 40, 70])
  func `are those of the divided inputs`(channels: Int) throws {
    let x = Matrix.activations(tokens: 90, channels: channels, seed: 1)
    let s = factors(channels, seed: 2)
    let found = statistics(x).divided(by: s)
    let expected = statistics(divided(x, s))
    #expect(found.tokenCount == 90 && found.channels == channels)
    let (a, b) = (try #require(found.ranges), try #require(expected.ranges))
    let exact = DoubleMatrix.secondMoment(of: x)
    let block = found.block(0..<channels)
    for i in 0..<channels {
      #expect(agree(a.meanMagnitudes[i], b.meanMagnitudes[i]))
      #expect(agree(a.maxMagnitudes[i], b.maxMagnitudes[i]))
      #expect(agree(a.minima[i], b.minima[i]) && agree(a.movingMaxima[i], b.movingMaxima[i]))
      #expect(agree(found.meanSquares[i], expected.meanSquares[i]))
      for j in 0..<channels {
        let value = exact[i, j] / (Double(s[i]) * Double(s[j]))
        #expect(abs(Double(block[i, j]) - value) <= 1e-6 * abs(value))
      }
    }
    #expect(found.sample == expected.sample)
  }

  @Test func `in two steps are divided by the product`() throws {
    let x = Matrix.activations(tokens: 50, channels: 12, seed: 3)
    let (s, t) = (factors(12, seed: 4), factors(12, seed: 5))
    let twice = statistics(x).divided(by: s).divided(by: t)
    let once = statistics(x).divided(by: zip(s, t).map { $0 * $1 })
    let (a, b) = (try #require(twice.ranges), try #require(once.ranges))
    for i in 0..<12 {
      #expect(agree(a.maxMagnitudes[i], b.maxMagnitudes[i]))
      #expect(agree(a.meanMagnitudes[i], b.meanMagnitudes[i]))
      #expect(agree(twice.meanSquares[i], once.meanSquares[i]))
      #expect(a.divisors?[i] == s[i] * t[i])
    }
    let (rows, others) = (try #require(twice.sample).rows, try #require(once.sample).rows)
    #expect(rows.rows == 50 && others.rows == 50)
    for i in rows.elements.indices { #expect(agree(rows.elements[i], others.elements[i])) }
  }
}

@Suite struct `Statistics without some channels` {
  @Test(arguments: [[], [0], [39], [3, 16, 17], Array(0..<40)])
  func `are those of inputs with zeros there, but have no range`(removed: [Int]) throws {
    let x = Matrix.activations(tokens: 90, channels: 40, seed: 11)
    var whole = InputStatistics(channels: 40, collecting: [.histograms, .sample])
    whole.add(x)
    let found = whole.removing(channels: removed)
    var zeros = InputStatistics(channels: 40, collecting: [.histograms, .sample])
    zeros.add(x.zeroing(columns: removed))
    #expect(found.removedChannels == removed)
    #expect(found.block(0..<40) == zeros.block(0..<40))
    #expect(found.sample == zeros.sample)
    let (ranges, others) = (try #require(found.ranges), try #require(zeros.ranges))
    #expect(ranges.minima == others.minima && ranges.maxima == others.maxima)
    #expect(ranges.meanMagnitudes == others.meanMagnitudes)
    #expect(ranges.movingMaxima == others.movingMaxima && ranges.extent == others.extent)
    // Zeros are values, removed ones are not.
    #expect(abs(ranges.histogram.total - Double(90 * (40 - removed.count))) < 1e-6)
  }

  @Test func `can be divided, before or after`() {
    let x = Matrix.activations(tokens: 90, channels: 12, seed: 12)
    let s = factors(12, seed: 13)
    let before = statistics(x).divided(by: s).removing(channels: [7, 2])
    #expect(before == statistics(x).removing(channels: [2, 7]).divided(by: s))
    #expect(before == before.removing(channels: [7]))
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
