import Benchmark
import PTQ

/// The choice of ranges, and the packing of codes.
func measureGrids() {
  let (rows, columns) = (1536, 1536)
  for range in [GridRule.Range.minMax, .squaredError] {
    let rule = GridRule(range: range, scaleFormat: .float16)
    measure(
      "range \(range.rawValue), \(rows) x \(columns)",
      on: {
        (
          Matrix.noise(rows, columns, seed: 7),
          try Scheme(bits: 4, symmetric: false, granularity: .group(64))
        )
      },
      isRight: { weights, scheme in
        let grid = try rule.grid(for: weights, scheme: scheme)
        let stored = QuantizedWeight(nearest: weights, on: grid).dequantized()
        // Noise between −1 and 1 has steps of 2/15; a searched range may clip a little.
        return (0..<rows).allSatisfy { abs(stored[$0, $0] - weights[$0, $0]) < 0.2 }
      },
      { weights, scheme in blackHole(try rule.grid(for: weights, scheme: scheme)) })
  }
  measure(
    "pack and unpack \(rows) x \(columns), 4 bits",
    on: { (0..<rows * columns).map { UInt8($0 &* 2_654_435_761 >> 7 & 15) } },
    isRight: { $0 == roundTrip($0, rows, columns) },
    { blackHole(roundTrip($0, rows, columns)) })
}

private func roundTrip(_ codes: [UInt8], _ rows: Int, _ columns: Int) -> [UInt8] {
  PackedCodes(codes, rows: rows, columns: columns, bits: 4, .alongRows)
    .unpacked(rows: rows, columns: columns, bits: 4, .alongRows)
}
