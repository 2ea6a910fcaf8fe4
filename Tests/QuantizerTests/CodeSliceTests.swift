import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@Suite struct `The upper bits of codes` {
  private func weight(_ points: Scheme.Points, bits: Int) throws -> QuantizedWeight {
    let scheme = try Scheme(bits: bits, points: points, granularity: .group(16))
    let weights = Matrix.heavyTailed(6, 48, scale: 0.02, seed: 3)
    let grid = try GridRule(range: .minMax, scaleFormat: .float32).grid(
      for: weights, scheme: scheme)
    return QuantizedWeight(nearest: weights, on: grid)
  }

  @Test(arguments: [(8, 4), (8, 2), (8, 3), (6, 3), (4, 2)])
  func `are the nearest codes around a zero point`(bits: (all: Int, kept: Int)) throws {
    let whole = try weight(.symmetric, bits: bits.all)
    let slice = try whole.sliced(to: bits.kept)
    #expect(
      slice.grid.scheme == (try Scheme(bits: bits.kept, symmetric: true, granularity: .group(16))))
    let step = Double(1 << (bits.all - bits.kept))
    for (i, (code, part)) in zip(whole.codes, slice.codes).enumerated() {
      // Equation 6 of arXiv 2502.06786.
      #expect(
        Double(part) == min((Double(code) / step + 0.5).rounded(.down), Double(1 << bits.kept - 1)))
      let group = i / 48 * 3 + i % 48 / 16
      let scale = Double(whole.grid.scales.elements[group]) * step
      let value = Double(slice.dequantized().elements[i])
      #expect(abs(value - scale * (Double(part) - Double(1 << (bits.kept - 1)))) <= 1e-6 * scale)
    }
  }

  @Test(arguments: [(8, 4), (8, 2), (6, 3), (4, 2)])
  func `stand for the middle of their codes from an offset`(bits: (all: Int, kept: Int)) throws {
    let whole = try weight(.offset, bits: bits.all)
    let slice = try whole.sliced(to: bits.kept)
    let count = 1 << (bits.all - bits.kept)
    for (i, code) in slice.codes.enumerated() {
      #expect(Int(code) == Int(whole.codes[i]) / count)
      let (row, column) = (i / 48, i % 48)
      let values = (0..<count).map {
        Double(whole.grid.value(of: UInt8(Int(code) * count + $0), row: row, column: column))
      }
      let mean = values.reduce(0, +) / Double(count)
      let step = Double(whole.grid.scales[row, column / 16])
      #expect(abs(Double(slice.dequantized()[row, column]) - mean) <= 1e-4 * step * Double(count))
    }
  }

  @Test func `are none where levels or zero points of fewer bits are missing`() throws {
    let scheme = try Scheme(bits: 8, points: .zeroPoint, granularity: .channel)
    func weight(zero: UInt8) -> QuantizedWeight {
      QuantizedWeight(
        rows: 1, columns: 2,
        grid: Grid(
          scheme: scheme, groupSize: 2, scales: Matrix(rows: 1, columns: 1) { _, _ in 1 },
          zeroPoints: [zero]), codes: [0, 255])
    }
    #expect(try weight(zero: 64).sliced(to: 4).grid.zeroPoints == [4])
    #expect(try weight(zero: 64).sliced(to: 2).grid.zeroPoints == [1])
    #expect(throws: CodeSliceError.zeroPoint(65)) { try weight(zero: 65).sliced(to: 4) }
    for bits in [8, 1, 9] {
      #expect(throws: CodeSliceError.bits(8)) { try weight(zero: 64).sliced(to: bits) }
    }
    let table = try Scheme(bits: 4, points: .table(.nf4), granularity: .channel)
    let levels = QuantizedWeight(
      rows: 1, columns: 1,
      grid: Grid(
        scheme: table, groupSize: 1, scales: Matrix(rows: 1, columns: 1) { _, _ in 1 },
        offsets: Matrix(rows: 1, columns: 1)), codes: [3])
    #expect(throws: CodeSliceError.levels(.nf4)) { try levels.sliced(to: 2) }
  }
}
