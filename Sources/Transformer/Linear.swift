public import LinearAlgebra
public import Quantizer

/// One matrix of the model with its bias: `y = x Wᵀ + b`.
public struct Linear: Sendable {
  /// The Hugging Face key, without `.weight`.
  public let name: String
  /// W, `[out, in]`.
  public var weight: Matrix
  /// b, one for each output.
  public var bias: Bias?
  /// What rounds the inputs; nil when they stay in floating point.
  public var activations: ActivationQuantizer?
  /// The input channels that are not rounded.
  public var keptChannels: [Int] = []

  /// A Linear of given parts.
  public init(
    name: String, weight: Matrix, bias: Bias?, activations: ActivationQuantizer? = nil
  ) {
    self.name = name
    self.weight = weight
    self.bias = bias
    self.activations = activations
  }

  /// The outputs for inputs `[tokens, in]`: `[tokens, out]`.
  public func callAsFunction(_ x: Matrix) -> Matrix {
    var y = Matrix.product(activations?.rounded(x, keeping: keptChannels) ?? x, transposed: weight)
    if let bias { y.addToRows(bias.values) }
    return y
  }
}

/// The bias of a Linear, and the format that it is stored in.
public struct Bias: Sendable {
  /// One value for each output.
  public var values: [Float]
  /// The format of the checkpoint.
  public let format: FloatFormat
}

extension Matrix {
  /// Adds a vector to every row.
  mutating func addToRows(_ vector: [Float]) {
    parallelRowBlocks(of: 64) { range, block in
      for i in range.indices {
        var row = block.mutableRow(i - range.lowerBound)
        for j in row.indices { row[j] += vector[j] }
      }
    }
  }

  /// Adds another matrix of the same shape.
  mutating func add(_ other: Matrix) {
    precondition(rows == other.rows && columns == other.columns, "sum of different shapes")
    parallelRowBlocks(of: 64) { range, block in
      for row in range {
        var target = block.mutableRow(row - range.lowerBound)
        let source = other.row(row)
        for j in target.indices { target[j] += source[j] }
      }
    }
  }
}
