public import LinearAlgebra
package import Quantizer

/// The weights of one decoder block, by name.
public struct BlockWeights: Sendable {
  /// The Linears, by Hugging Face key without `.weight`.
  package var linears: [String: Linear]
  /// The norms, likewise.
  package var norms: [String: Norm]

  /// The Linear of a slot.
  package func linear(_ name: String) -> Linear {
    guard let linear = linears[name] else { preconditionFailure("\(name) is not of this block") }
    return linear
  }

  /// A norm applied to the rows of a matrix; nil stands for no norm.
  public func normalize(_ x: Matrix, _ norm: NormDeclaration?) -> Matrix {
    guard let norm else { return x }
    guard let known = norms[norm.name] else {
      preconditionFailure("\(norm.name) is not of this block")
    }
    return known(x)
  }
}

/// One matrix of the model with its bias: `y = x Wᵀ + b`.
package struct Linear: Sendable {
  /// The Hugging Face key, without `.weight`.
  package let name: String
  /// W, `[out, in]`.
  package var weight: Matrix
  /// The format that the weights were stored in; nil where they were quantized.
  package let format: FloatFormat?
  /// b, one for each output.
  package var bias: Bias?
  /// What rounds the inputs; nil when they stay in floating point.
  package var activations: ActivationQuantizer?
  /// The input channels that are not rounded.
  package var keptChannels: [Int] = []

  /// The outputs for inputs `[tokens, in]`: `[tokens, out]`.
  package func callAsFunction(_ x: Matrix) -> Matrix {
    var y = Matrix.product(activations?.rounded(x, keeping: keptChannels) ?? x, transposed: weight)
    if let bias { y.addToRows(bias.values) }
    return y
  }

  /// Takes the weights that a quantized Linear stands for, and what rounds its inputs.
  package mutating func adopt(_ quantized: QuantizedLinear) {
    weight = quantized.dequantized()
    activations = quantized.activations
    keptChannels = quantized.kept?.channels ?? []
  }
}

/// The bias of a Linear, and the format that it is stored in.
package struct Bias: Sendable {
  /// One value for each output.
  package var values: [Float]
  /// The format that it is stored in.
  package let format: FloatFormat

  /// Divides each value by a factor.
  mutating func divide(by factors: [Float]) {
    values = zip(values, factors).map { format.rounded($0 / $1) }
  }
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
