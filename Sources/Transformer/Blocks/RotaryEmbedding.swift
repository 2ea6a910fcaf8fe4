internal import Glibc
internal import LinearAlgebra
internal import Synchronization

/// Sines and cosines for the positions of a sequence, and the rotation of heads by them.
///
/// Each pair of channels, among the first n of a head, turns as
///
///     (a, b) ← (a·cos − b·sin, b·cos + a·sin)
struct RotaryEmbedding: Sendable {
  /// What the tables follow from, but for their length.
  private struct Key: Equatable {
    let frequencies: [Float]
    let factor: Float
    let pairs: RotaryConfiguration.Pairs
  }

  private let key: Key
  private let cosines: Matrix
  private let sines: Matrix

  /// The tables that were used last, the latest first: a model has few, which all blocks and windows share.
  private static let recent = Mutex<[RotaryEmbedding]>([])
  private static let recentCount = 4

  /// Tables for the positions 0 ..< length, or more.
  static func tables(_ configuration: RotaryConfiguration, length: Int) -> RotaryEmbedding {
    let long = configuration.long.flatMap { length > $0.beyond ? $0.frequencies : nil }
    let key = Key(
      frequencies: long ?? configuration.frequencies, factor: configuration.attentionFactor,
      pairs: configuration.pairs)
    let known = recent.withLock { $0.first { $0.key == key } }
    if let known, known.cosines.rows >= length { return known }
    let made = RotaryEmbedding(key, length: length)
    recent.withLock { recent in
      recent.removeAll { $0.key == key && $0.cosines.rows <= length }
      recent.insert(made, at: 0)
      recent.removeLast(max(0, recent.count - recentCount))
    }
    return made
  }

  /// The tables `[length, n/2]`.
  private init(_ key: Key, length: Int) {
    let (frequencies, factor) = (key.frequencies, key.factor)
    // The angle is rounded to float32, as in the library that the model was trained with.
    func table(_ function: (Double) -> Double) -> Matrix {
      Matrix(rows: length, columns: frequencies.count) { position, i in
        Float(function(Double(Float(position) * frequencies[i]))) * factor
      }
    }
    cosines = table { cos($0) }
    sines = table { sin($0) }
    self.key = key
  }

  /// Rotates every head of every row; the number of the row is its position.
  func rotate(_ heads: inout Matrix, headDimension: Int) {
    let half = cosines.columns
    // The first channel of each pair, and the distance to the second.
    let (step, distance) = key.pairs == .halves ? (1, half) : (2, 1)
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
