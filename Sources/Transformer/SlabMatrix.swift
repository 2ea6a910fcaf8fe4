internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

/// A large matrix of which rows are decoded on demand; it stays in its file unless it is quantized.
struct SlabMatrix {
  private enum Source {
    case stored(ModelFolder.TensorReference)
    case quantized(QuantizedLinear, name: String, path: String)
  }

  private let source: Source
  private let format: FloatFormat
  let rowCount: Int
  private let columns: Int
  /// What the rows are multiplied by: `w → w diag(g) R`.
  private let turn: (gain: [Float], rotation: Matrix)?

  init(
    _ folder: ModelFolder, _ name: String, rows: Int, columns: Int,
    turnedBy turn: (gain: [Float], rotation: Matrix)? = nil
  ) throws(CheckpointError) {
    let (tensor, format) = try folder.floatTensor(name, dimensions: [rows, columns])
    (source, self.format) = (.stored(tensor), format)
    rowCount = rows
    self.columns = columns
    self.turn = turn
  }

  /// A quantized matrix, and where it comes from.
  init(_ linear: QuantizedLinear, name: String, path: String) {
    source = .quantized(linear, name: name, path: path)
    (rowCount, columns) = (linear.weight.rows, linear.weight.columns)
    (format, turn) = (.float32, nil)
  }

  /// Consecutive rows.
  func rows(_ range: Range<Int>) throws(CheckpointError) -> Matrix {
    turned(Matrix(rows: range.count, columns: columns, elements: try elements(range)))
  }

  /// Rows in any order, possibly repeated.
  func rows(_ indices: [Int]) throws(CheckpointError) -> Matrix {
    var all: [Float] = []
    all.reserveCapacity(indices.count * columns)
    for i in indices {
      guard i >= 0, i < rowCount else {
        let (name, path) = origin
        throw .tensor(
          name: name, path: path,
          reason: "has \(rowCount) rows, but the text has a token \(i); "
            + "its tokens are not those of this model")
      }
      all += try elements(i..<i + 1)
    }
    return turned(Matrix(rows: indices.count, columns: columns, elements: all))
  }

  /// The rows in their storage format, as they are read from it again.
  func bytes() throws(CheckpointError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rowCount * columns * format.byteCount)
    for start in stride(from: 0, to: rowCount, by: Self.slabRows) {
      bytes += format.encode(try rows(start..<min(rowCount, start + Self.slabRows)).elements)
    }
    return bytes
  }

  /// Rows that are decoded at a time.
  static let slabRows = 8192

  /// Rotated rows are rounded to the storage format.
  private func turned(_ rows: Matrix) -> Matrix {
    guard let turn else { return rows }
    return Matrix.product(rows.columns(times: turn.gain), turn.rotation).rounded(to: format)
  }

  /// The name of the tensor and the path of its file.
  private var origin: (name: String, path: String) {
    switch source {
    case .stored(let tensor): (tensor.name, tensor.path)
    case .quantized(_, let name, let path): (name, path)
    }
  }

  private func elements(_ range: Range<Int>) throws(CheckpointError) -> [Float] {
    let tensor: ModelFolder.TensorReference
    switch source {
    case .stored(let stored): tensor = stored
    case .quantized(let linear, _, _): return linear.weight.dequantized(rows: range).elements
    }
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

extension Matrix {
  /// The nearest matrix that a format can store.
  func rounded(to format: FloatFormat) -> Matrix {
    Matrix(rows: rows, columns: columns, elements: elements.map(format.rounded))
  }
}
