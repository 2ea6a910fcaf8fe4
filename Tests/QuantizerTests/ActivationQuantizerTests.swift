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

private let integers = ActivationScheme(granularity: .tensor, symmetric: true)
private let shifted = ActivationScheme(granularity: .tensor, symmetric: false)
private let floats = ActivationScheme(floatsBy: .token)

/// `s · ℓ` of the level ℓ of E4M3 that is nearest to x / s, the one with the even code at a tie.
private func roundedToFloat(_ x: Float, _ scale: Float) -> Float {
  let levels = LevelTable.e4m3.values
  let steps = x / scale
  let nearest = levels.indices.min { a, b in
    let (one, other) = (abs(levels[a] - steps), abs(levels[b] - steps))
    // The level of 0, whose code is even, has the index 126.
    return one == other ? a % 2 == 0 && b % 2 != 0 : one < other
  }
  return scale * levels[nearest ?? 126]
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
      let even = ActivationGrid(covering: low...high, integers)
      #expect(even.zeroPoint == 0 && even.scale == max(abs(low), abs(high)) / 127)
      let grid = ActivationGrid(covering: low...high, shifted)
      #expect((-128...127).contains(grid.zeroPoint))
      let quantizer = ActivationQuantizer.tensor(grid, symmetric: false)
      let ends = Matrix(rows: 1, columns: 3, elements: [min(low, 0), 0, max(high, 0)])
      for j in 0..<3 {
        #expect(abs(quantizer.rounded(ends)[0, j] - ends[0, j]) <= 0.501 * grid.scale)
      }
      #expect(quantizer.rounded(ends)[0, 1] == 0)
    }
    #expect(ActivationGrid(covering: 0...0, integers) == ActivationGrid(scale: 1))
    #expect(
      ActivationGrid(covering: 0...0, shifted)
        == ActivationGrid(scale: 1, zeroPoint: -128))
  }
}

@Suite struct `Inputs rounded to floats of eight bits` {
  @Test(arguments: [1, 16, 37])
  func `are the definition's, by token`(channels: Int) {
    let x = tokens(channels)
    let found = ActivationQuantizer(floats).rounded(x)
    for i in 0..<x.rows {
      let largest = row(x, i).map(abs).max() ?? 0
      for j in 0..<channels {
        #expect(found[i, j] == roundedToFloat(x[i, j], largest / 448), "\(i), \(j)")
      }
    }
  }

  @Test func `are the definition's on one grid, whose ends hold what is beyond`() {
    let scheme = ActivationScheme(floatsBy: .tensor)
    let grid = ActivationGrid(covering: -2...14, scheme)
    #expect(grid == ActivationGrid(scale: 14.0 / 448))
    let x = Matrix(
      rows: 3, columns: 4, elements: [20, -20, 14, -14, 0, 1e-9, 7.3, 0.4, 1, 2, 3, 4])
    let found = ActivationQuantizer(scheme, grid: grid).rounded(x)
    for (value, result) in zip(x.elements, found.elements) {
      #expect(result == roundedToFloat(value, grid.scale))
    }
    #expect(found[0, 0] == 14 && found[0, 1] == -14)
  }

  @Test func `round ties to the even code, also where floats are subnormal`() {
    let step: Float = 0x1p-9
    let ties = [17, 19, 0.5 * step, 1.5 * step, 2.5 * step, 7.5 * step, -17, -1.5 * step]
    let even = [16, 20, 0, 2 * step, 2 * step, 8 * step, -16, -2 * step]
    let lanes = Lanes(ties + ties).roundedToE4M3
    for i in 0..<8 { #expect(lanes[i] == even[i], "\(ties[i])") }
  }

  @Test func `of zeros are zeros, and those that are not finite stay so`() {
    let quantizer = ActivationQuantizer(floats)
    let zeros = Matrix(rows: 2, columns: 18)
    #expect(quantizer.rounded(zeros) == zeros)
    for bad in [Float.nan, .infinity, -.infinity] {
      var x = tokens(21)
      x[7, 5] = bad
      let found = quantizer.rounded(x)
      #expect(bad.isNaN ? found[7, 5].isNaN : found[7, 5] == bad)
    }
  }
}
