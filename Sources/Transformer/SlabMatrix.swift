internal import Checkpoint
internal import LinearAlgebra

/// A large matrix that stays in its file; rows are decoded on demand.
struct SlabMatrix {
  private let tensor: ModelFolder.TensorReference
  private let format: FloatFormat
  let rowCount: Int
  private let columns: Int

  init(
    _ folder: ModelFolder, _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) {
    (tensor, format) = try folder.floatTensor(name, dimensions: [rows, columns])
    rowCount = rows
    self.columns = columns
  }

  /// Consecutive rows.
  func rows(_ range: Range<Int>) throws(CheckpointError) -> Matrix {
    Matrix(rows: range.count, columns: columns, elements: try elements(range))
  }

  /// Rows in any order, possibly repeated.
  func rows(_ indices: [Int]) throws(CheckpointError) -> Matrix {
    var all: [Float] = []
    all.reserveCapacity(indices.count * columns)
    for i in indices {
      guard i >= 0, i < rowCount else {
        throw .tensor(
          name: tensor.name, path: tensor.path,
          reason: "has \(rowCount) rows, but the text has a token \(i); "
            + "its tokens are not those of this model")
      }
      all += try elements(i..<i + 1)
    }
    return Matrix(rows: indices.count, columns: columns, elements: all)
  }

  private func elements(_ range: Range<Int>) throws(CheckpointError) -> [Float] {
    let stride = columns * format.byteCount
    let values = tensor.withBytes {
      format.decode($0.extracting(range.lowerBound * stride..<range.upperBound * stride))
    }
    guard VectorMath.isFinite(values.span) else {
      let first = values.firstIndex { !$0.isFinite } ?? 0
      throw .notFinite(
        name: tensor.name, path: tensor.path, element: range.lowerBound * columns + first)
    }
    return values
  }
}
