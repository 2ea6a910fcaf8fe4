// Inputs rounded in groups of channels, against the definition, one group after another.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

/// The level of a table nearest to a value; between two, the one whose mantissa is even.
private func nearest(_ value: Float, _ table: LevelTable) -> Float {
  let levels = table.values
  let middle = levels.count / 2
  let best = levels.indices.min { a, b in
    let (one, other) = (abs(levels[a] - value), abs(levels[b] - value))
    return one == other ? (a - middle) % 2 == 0 && (b - middle) % 2 != 0 : one < other
  }
  return levels[best ?? middle]
}

private func grouped(
  _ x: Matrix, _ size: Int, _ table: LevelTable, _ scale: (Float) -> Float
) -> Matrix {
  var result = x
  for i in 0..<x.rows {
    for start in stride(from: 0, to: x.columns, by: size) {
      let columns = start..<min(x.columns, start + size)
      let s = scale(columns.map { abs(x[i, $0]) }.max() ?? 0)
      for j in columns { result[i, j] = s * nearest(x[i, j] / s, table) }
    }
  }
  return result
}

@Suite struct `Inputs rounded by group` {
  @Test(arguments: [(128, 300), (16, 37), (3, 7)])
  func `are the definition's in floats of eight bits, with a short last group`(
    size: Int, channels: Int
  ) {
    let x = Matrix.heavyTailed(9, channels, seed: 1)
    let found = ActivationQuantizer(ActivationScheme(floatsBy: .group(size))).rounded(x)
    #expect(found == grouped(x, size, .e4m3) { $0 / 448 })
    // Integers may come in groups too.
    let integers = ActivationScheme(granularity: .group(size), symmetric: true)
    let first = Matrix(rows: 9, columns: size) { x[$0, $1] }
    let alone = ActivationQuantizer.token(symmetric: true).rounded(first)
    let all = ActivationQuantizer(integers).rounded(x)
    #expect(Matrix(rows: 9, columns: size) { all[$0, $1] } == alone)
  }

  @Test func `are the definition's in NVFP4`() {
    let x = Matrix.heavyTailed(9, 80, seed: 2)
    let largest = x.elements.map(abs).max() ?? 1
    let quantizer = ActivationQuantizer.nvfp4(covering: -largest...largest / 2)
    #expect(quantizer.divisor == 2688 / largest)
    let divisor = 2688 / largest
    let expected = grouped(x, 16, .e2m1) { reach in
      nearest(divisor * (reach / 6), .e4m3) / divisor
    }
    #expect(quantizer.rounded(x) == expected)
    // The group with the largest input has the largest scale that there is.
    #expect(expected.elements.map(abs).max() == 448 / divisor * 6)
  }

  @Test func `are the definition's in MXFP4`() {
    let x = Matrix.heavyTailed(9, 96, seed: 3)
    let expected = grouped(x, 32, .e2m1) { reach in
      let exponent = reach.exponent + (reach.significand >= 1.75 ? 1 : 0)
      return Float(sign: .plus, exponent: exponent - 2, significand: 1)
    }
    #expect(ActivationQuantizer(.mxfp4).rounded(x) == expected)
  }

  @Test(arguments: [ActivationQuantizer(.mxfp4), ActivationQuantizer(.nvfp4, divisor: 3)])
  func `of zeros are zeros, and those that are not finite stay so`(
    quantizer: ActivationQuantizer
  ) {
    let zeros = Matrix(rows: 2, columns: 40)
    #expect(quantizer.rounded(zeros) == zeros)
    #expect(ActivationQuantizer.nvfp4(covering: 0...0).divisor?.isFinite == true)
    var x = Matrix.heavyTailed(3, 64, seed: 4)
    let before = quantizer.rounded(x)
    x[1, 3] = .infinity
    let found = quantizer.rounded(x)
    #expect(found[1, 3] == .infinity)
    // Other groups of the token are as they were.
    for j in 32..<64 { #expect(found[1, j] == before[1, j]) }
  }

  @Test func `round ties to the even code`() {
    let ties: [Float] = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 6]
    let even: [Float] = [0, 1, 1, 2, 2, 4, 4, 6]
    let lanes = Lanes(ties + ties.map { -$0 }).roundedToE2M1
    for i in 0..<8 { #expect(lanes[i] == even[i] && lanes[8 + i] == -even[i], "\(ties[i])") }
  }
}
