internal import Glibc
public import LinearAlgebra

/// Root mean square normalization (Zhang & Sennrich 2019): `y = x / √(mean x² + ε) · g`.
public struct RMSNorm: Sendable {
  /// The Hugging Face key, with `.weight`.
  public let name: String
  /// g, one for each channel.
  public internal(set) var gain: [Float]
  /// The format that the gain is stored in.
  public let format: FloatFormat
  let epsilon: Float

  /// The normalized rows of a matrix whose rows hold one or more vectors of the gain's length.
  func callAsFunction(_ x: Matrix) -> Matrix {
    var y = x
    y.parallelRowBlocks(of: 64) { range, block in
      for i in 0..<range.count {
        var row = block.mutableRow(i)
        for start in stride(from: 0, to: row.count, by: gain.count) {
          normalize(&row, from: start)
        }
      }
    }
    return y
  }

  private func normalize(_ row: inout MutableSpan<Float>, from start: Int) {
    let factor = scale(of: row.span.extracting(start..<start + gain.count))
    for j in gain.indices { row[start + j] = row[start + j] * factor * gain[j] }
  }

  private func scale(of vector: Span<Float>) -> Float {
    1 / sqrtf(VectorMath.dot(vector, vector) / Float(gain.count) + epsilon)
  }
}
