public import LinearAlgebra
package import Quantizer
internal import Synchronization

/// The weights of one decoder block, by name.
public struct BlockWeights: Sendable {
  /// The Linears, by Hugging Face key without `.weight`.
  package var linears: [String: Linear]
  /// The norms, likewise.
  package var norms: [String: Norm]
  /// The stored vectors, by the names of their tensors.
  package var vectors: [String: [Float]] = [:]
  /// What rounds keys and values; nil where they stay as they are.
  package var cache: CacheQuantizer?
  /// What multiplies by the Linears.
  package var engine = ProductEngine.float32

  /// The Linear of a given name.
  package func linear(_ name: String) -> Linear {
    guard let linear = linears[name] else { preconditionFailure("this block has no \(name)") }
    return linear
  }

  /// The elements of a stored vector.
  public func vector(_ vector: StoredVector) -> [Float] {
    guard let known = vectors[vector.name] else {
      preconditionFailure("this block has no \(vector.name)")
    }
    return known
  }

  /// Applies a norm to the rows of a matrix; nil stands for no norm.
  public func normalize(_ x: Matrix, _ norm: NormDeclaration?) -> Matrix {
    guard let norm else { return x }
    guard let known = norms[norm.name] else {
      preconditionFailure("this block has no \(norm.name)")
    }
    return known(x)
  }
}

/// One matrix of the model with its bias: `y = x Wᵀ + b`.
package struct Linear: Sendable {
  /// The Hugging Face key, without `.weight`.
  package let name: String
  /// W, `[out, in]`.
  package var weight: Matrix { didSet { prepared = PreparedWeights() } }
  /// The format in which the weights were stored; nil if they were quantized.
  package let format: FloatFormat?
  /// b, one for each output.
  package var bias: Bias?
  /// The input quantizer; nil when inputs stay in floating point.
  package var activations: ActivationQuantizer?
  /// The input channels that are not rounded.
  package var keptChannels: [Int] = []
  /// W as products read it.
  var prepared = PreparedWeights()

  /// The outputs for inputs `[tokens, in]`: `[tokens, out]`.
  package func callAsFunction(_ x: Matrix, on engine: ProductEngine) -> Matrix {
    var y = prepared.factor(weight, on: engine)
      .product(activations?.rounded(x, keeping: keptChannels) ?? x)
    if let bias { y.addToRows(bias.values) }
    return y
  }

  /// Brings the weights into the form that an engine reads, unless they are.
  func prepare(for engine: ProductEngine) { _ = prepared.factor(weight, on: engine) }

  /// Forgets W where products read another form of it: from now on, they alone may be asked for.
  mutating func keepForProducts(on engine: ProductEngine) {
    guard engine != .float32 else { return }
    prepare(for: engine)
    let kept = prepared
    weight = Matrix(rows: 0, columns: 0)
    prepared = kept
  }

  /// Takes over the dequantized weights and the input quantizer of a quantized Linear.
  package mutating func adopt(_ quantized: QuantizedLinear) {
    weight = quantized.dequantized()
    activations = quantized.activations
    keptChannels = quantized.kept?.channels ?? []
  }
}

/// Weights in the form that an engine reads, made at the first product and kept for the others.
final class PreparedWeights: Sendable {
  private let made = Mutex<ProductFactor?>(nil)

  /// The weights, which are the same at every call.
  func factor(_ weights: Matrix, on engine: ProductEngine) -> ProductFactor {
    // Nothing is kept that is no more than the weights, so that they can change in place.
    guard engine != .float32 else { return ProductFactor(weights, on: engine) }
    return made.withLock { made in
      if let made { return made }
      let factor = ProductFactor(weights, on: engine)
      made = factor
      return factor
    }
  }
}

/// A bias with its storage format.
package struct Bias: Sendable {
  /// One value for each output.
  package var values: [Float]
  /// The format in which it is stored.
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
}
