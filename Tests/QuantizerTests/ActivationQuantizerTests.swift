// Rounded inputs against the definition, one value after another.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

/// `s · (clamp(round(x / s) + z, −128, 127) − z)`, ties to even.
private func rounded(_ x: Float, _ scale: Float, _ zero: Float) -> Float {
  let code = max(-128, min(127, (x / scale).rounded(.toNearestOrEven) + zero))
  return scale * (code - zero)
}

/// A token on the grid of its own range, which contains 0.
private func roundedToken(_ row: [Float], symmetric: Bool) -> [Float] {
  let (low, high) = (min(0, row.min() ?? 0), max(0, row.max() ?? 0))
  if low == high { return row }
  let scale = symmetric ? max(-low, high) / 127 : (high - low) / 255
  let zero = symmetric ? 0 : (-128 - low / scale).rounded(.toNearestOrEven)
  return row.map { rounded($0, scale, max(-128, min(127, zero))) }
}

private func row(_ x: Matrix, _ i: Int) -> [Float] { x.copy(rows: i..<i + 1).elements }

/// Tokens with inputs of both signs, of one sign, and of very different sizes.
private func tokens(_ channels: Int) -> Matrix {
  let x = Matrix.heavyTailed(70, channels, seed: UInt64(channels))
  return Matrix(rows: 70, columns: channels) { i, j in
    switch i % 4 {
    case 0: x[i, j]
    case 1: abs(x[i, j])
    case 2: -1e-3 * abs(x[i, j])
    default: 1e4 * x[i, j]
    }
  }
}

@Suite struct `Inputs rounded by token` {
  @Test(arguments: [1, 5, 16, 17, 48, 63], [true, false])
  func `are the definition's`(channels: Int, symmetric: Bool) {
    let x = tokens(channels)
    let found = ActivationQuantizer.token(symmetric: symmetric).rounded(x)
    for i in 0..<x.rows {
      #expect(row(found, i) == roundedToken(row(x, i), symmetric: symmetric), "token \(i)")
    }
  }

  @Test(arguments: [true, false])
  func `leave kept channels unchanged, and out of the range`(symmetric: Bool) {
    var x = tokens(20)
    for i in 0..<x.rows { (x[i, 3], x[i, 17]) = (1e6, -1e6) }
    let found = ActivationQuantizer.token(symmetric: symmetric).rounded(x, keeping: [3, 17])
    for i in 0..<x.rows {
      var expected = row(x, i)
      (expected[3], expected[17]) = (0, 0)
      expected = roundedToken(expected, symmetric: symmetric)
      (expected[3], expected[17]) = (1e6, -1e6)
      #expect(row(found, i) == expected, "token \(i)")
    }
  }

  @Test(arguments: [true, false])
  func `of zeros are zeros`(symmetric: Bool) {
    let zeros = Matrix(rows: 3, columns: 18)
    #expect(ActivationQuantizer.token(symmetric: symmetric).rounded(zeros) == zeros)
    let tiny = Matrix(rows: 1, columns: 2, elements: [.leastNonzeroMagnitude, 0])
    #expect(ActivationQuantizer.token(symmetric: symmetric).rounded(tiny).elements == [0, 0])
  }

  @Test(arguments: [0, 5, 16, 20], [Float.nan, .infinity, -.infinity])
  func `that are not finite stay so, and do not affect other tokens`(place: Int, bad: Float) {
    var x = tokens(21)
    x[7, place] = bad
    for symmetric in [true, false] {
      let found = ActivationQuantizer.token(symmetric: symmetric).rounded(x)
      #expect(bad.isNaN ? found[7, place].isNaN : found[7, place] == bad)
      for i in [6, 8] {
        #expect(row(found, i) == roundedToken(row(x, i), symmetric: symmetric))
      }
    }
  }
}

@Suite struct `Inputs rounded on a fixed grid` {
  @Test(arguments: [1, 16, 37], [0, -128, 127, 40])
  func `are the definition's`(channels: Int, zero: Int) {
    let x = tokens(channels)
    let grid = ActivationGrid(scale: 0.03, zeroPoint: zero)
    let quantizer = ActivationQuantizer.tensor(grid, symmetric: zero == 0)
    let found = quantizer.rounded(x, keeping: channels > 1 ? [1] : [])
    for i in 0..<x.rows {
      for j in 0..<channels {
        #expect(found[i, j] == (j == 1 ? x[i, j] : rounded(x[i, j], 0.03, Float(zero))))
      }
    }
    #expect(quantizer.scheme == ActivationScheme(granularity: .tensor, symmetric: zero == 0))
  }

  @Test func `are close to the ends of the range that it covers, and exact at zero`() {
    for (low, high) in [(-1, 3), (-3, 1), (0.5, 2), (-2, -0.5), (0, 1e-3)] as [(Float, Float)] {
      let even = ActivationGrid(covering: low...high, symmetric: true)
      #expect(even.zeroPoint == 0 && even.scale == max(abs(low), abs(high)) / 127)
      let grid = ActivationGrid(covering: low...high, symmetric: false)
      #expect((-128...127).contains(grid.zeroPoint))
      let quantizer = ActivationQuantizer.tensor(grid, symmetric: false)
      let ends = Matrix(rows: 1, columns: 3, elements: [min(low, 0), 0, max(high, 0)])
      for j in 0..<3 {
        #expect(abs(quantizer.rounded(ends)[0, j] - ends[0, j]) <= 0.501 * grid.scale)
      }
      #expect(quantizer.rounded(ends)[0, 1] == 0)
    }
    #expect(ActivationGrid(covering: 0...0, symmetric: true) == ActivationGrid(scale: 1))
    #expect(
      ActivationGrid(covering: 0...0, symmetric: false)
        == ActivationGrid(scale: 1, zeroPoint: -128))
  }
}
