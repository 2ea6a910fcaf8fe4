internal import Glibc
internal import LinearAlgebra

/// Sines and cosines for the positions of a sequence, and the rotation of heads by them.
///
/// Each pair of channels, among the first n of a head, turns as
///
///     (a, b) ← (a·cos − b·sin, b·cos + a·sin)
struct RotaryEmbedding: Sendable {
  private let cosines: Matrix
  private let sines: Matrix
  private let pairs: RotaryConfiguration.Pairs

  /// The tables for the positions 0 ..< length: `[length, n/2]`.
  init(_ configuration: RotaryConfiguration, length: Int) {
    let long = configuration.long.flatMap { length > $0.beyond ? $0.frequencies : nil }
    let (frequencies, factor) = (long ?? configuration.frequencies, configuration.attentionFactor)
    // The angle is rounded to float32, as in the library that the model was trained with.
    func table(_ function: (Double) -> Double) -> Matrix {
      Matrix(rows: length, columns: frequencies.count) { position, i in
        Float(function(Double(Float(position) * frequencies[i]))) * factor
      }
    }
    cosines = table { cos($0) }
    sines = table { sin($0) }
    pairs = configuration.pairs
  }

  /// Rotates every head of every row; the number of the row is its position.
  func rotate(_ heads: inout Matrix, headDimension: Int) {
    let half = cosines.columns
    // The first channel of each pair, and the distance to the second.
    let (step, distance) = pairs == .halves ? (1, half) : (2, 1)
    heads.parallelRowBlocks(of: 64) { range, block in
      for position in range {
        var row = block.mutableRow(position - range.lowerBound)
        let (cosine, sine) = (cosines.row(position), sines.row(position))
        for head in stride(from: 0, to: row.count, by: headDimension) {
          for i in 0..<half {
            let first = head + step * i
            let (a, b) = (row[first], row[first + distance])
            row[first] = a * cosine[i] - b * sine[i]
            row[first + distance] = b * cosine[i] + a * sine[i]
          }
        }
      }
    }
  }
}
