internal import Glibc
internal import LinearAlgebra

/// Sines and cosines for the positions of a sequence, and the rotation of heads by them.
///
/// Channel i of a head forms a pair with channel i + n/2, as in Hugging Face checkpoints:
///
///     (a, b) ← (a·cos − b·sin, b·cos + a·sin)
///
/// where n is the width of the rotated part: the whole head, or its first channels.
struct RotaryEmbedding: Sendable {
  private let cosines: Matrix
  private let sines: Matrix

  /// The tables for the positions 0 ..< length: `[length, n/2]`.
  init(_ configuration: RotaryConfiguration, length: Int) {
    let (frequencies, factor) = (configuration.frequencies, configuration.attentionFactor)
    // The angle is rounded to float32, as in the library that the model was trained with.
    func table(_ function: (Double) -> Double) -> Matrix {
      Matrix(rows: length, columns: frequencies.count) { position, i in
        Float(function(Double(Float(position) * frequencies[i]))) * factor
      }
    }
    cosines = table { cos($0) }
    sines = table { sin($0) }
  }

  /// Rotates every head of every row; the number of the row is its position.
  func rotate(_ heads: inout Matrix, headDimension: Int) {
    let half = cosines.columns
    heads.parallelRowBlocks(of: 64) { range, block in
      for position in range {
        var row = block.mutableRow(position - range.lowerBound)
        let (cosine, sine) = (cosines.row(position), sines.row(position))
        for head in stride(from: 0, to: row.count, by: headDimension) {
          for i in 0..<half {
            let (a, b) = (row[head + i], row[head + half + i])
            row[head + i] = a * cosine[i] - b * sine[i]
            row[head + half + i] = b * cosine[i] + a * sine[i]
          }
        }
      }
    }
  }
}
