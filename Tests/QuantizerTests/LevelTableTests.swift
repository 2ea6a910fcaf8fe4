import LinearAlgebra
import Quantizer
import TestSupport
import Testing

/// Weights of one block, and the codes that bitsandbytes 0.50 stores for them.
private let blocks: [(weights: [Float], codes: String)] = [
  (
    (0..<64).map { i -> Float in Float(i - 20) / 16 },
    "23333344445555566667778888999aaaabbbbcccccddddddeeeeeeeeeeffffff"
  ),
  (
    (0..<64).map { i -> Float in Float(-1 + 2 * Double(i) / 63) },
    "00000111111112222233344445556667788899aaabbbccccddddeeeeeeefffff"
  ),
]

@Suite struct `A table of levels` {
  @Test(arguments: blocks)
  func `gives the codes of bitsandbytes`(weights: [Float], codes: String) throws {
    let row = Matrix(rows: 1, columns: 64, elements: weights)
    let scheme = try Scheme(bits: 4, points: .table(.nf4), granularity: .group(64))
    let grid = try GridRule(range: .minMax, scaleFormat: .float32).grid(for: row, scheme: scheme)
    #expect(grid.scales.elements == [weights.map(abs).max() ?? 0])
    let digits = QuantizedWeight(nearest: row, on: grid).codes.map { String($0, radix: 16) }
    #expect(digits.joined() == codes)
  }

  @Test func `has the values of small floating-point formats`() {
    #expect(LevelTable.e2m1.values == [-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6])
    let e4m3 = LevelTable.e4m3.values
    #expect(e4m3.count == 253 && e4m3.last == 448 && e4m3[125] == -0x1p-9 && e4m3[127] == 0x1p-9)
    // Eight values in each binade of normal numbers.
    for exponent in -6...7 {
      let low = Float(sign: .plus, exponent: exponent, significand: 1)
      #expect(e4m3.count { $0 >= low && $0 < 2 * low } == 8)
    }
    for table in [LevelTable.nf4, .e2m1, .e4m3] {
      #expect(table.values.contains(0) && table.bits == (table.values.count > 16 ? 8 : 4))
    }
  }

  @Test(arguments: [LevelTable.nf4, .e2m1, .e4m3])
  func `finds the nearest level, the lower one at a tie`(table: LevelTable) {
    var generator = SplitMix64(seed: 1)
    let largest = Double(table.values.last ?? 0)
    let random = (0..<2000).map { _ -> Float in Float(largest * generator.gaussian()) }
    let midpoints = table.values.indices.dropFirst().map { i -> Float in
      (table.values[i - 1] + table.values[i]) / 2
    }
    for value in random + table.values + midpoints {
      let distances = table.values.map { abs(Double($0) - Double(value)) }
      let nearest = distances.indices.min { distances[$0] < distances[$1] }
      let found = table.nearestCode(to: value)
      // The midpoint of two levels may itself have been rounded.
      #expect(
        found == nearest || distances[found] <= (distances.min() ?? 0) * (1 + 1e-6),
        "\(value) of \(table.name)")
    }
    #expect(table.nearestCode(to: .infinity) == table.values.count - 1)
    #expect(table.nearestCode(to: -.infinity) == 0)
    #expect(table.nearestCode(to: .nan) == 0)
  }

  @Test(arguments: [[-1, 1], [0, 1, 2], [-2, -1, 0], [-1, 1, 0], [-1, 0, 0, 1]])
  func `must ascend from a negative to a positive level`(values: [Float]) async {
    await #expect(processExitsWith: .failure) { [values] in
      _ = LevelTable(name: "test", values: values)
    }
  }
}
