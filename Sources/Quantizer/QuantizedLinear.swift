public import LinearAlgebra

/// What may be stored for a Linear, and what becomes of its input.
public struct LinearScheme: Sendable, Hashable {
  /// What may be stored for the weights.
  public let weights: Scheme
  /// How inputs are rounded as the model runs; nil when they stay in floating point.
  public let activations: ActivationScheme?

  /// A scheme of given parts.
  public init(_ weights: Scheme, activations: ActivationScheme? = nil) {
    self.weights = weights
    self.activations = activations
  }
}

/// A quantized Linear: its weights, and what rounds its input.
public struct QuantizedLinear: Sendable, Equatable {
  /// Codes and grid of the weights.
  public let weight: QuantizedWeight
  /// What rounds the input; nil when it stays in floating point.
  public let activations: ActivationQuantizer?
  /// The input channels that stay in floating point, weights and inputs (LLM.int8()); nil where
  /// there are none.
  public let kept: KeptChannels?

  /// A Linear of given parts.
  public init(
    _ weight: QuantizedWeight, activations: ActivationQuantizer? = nil, kept: KeptChannels? = nil
  ) {
    self.weight = weight
    self.activations = activations
    self.kept = kept
  }

  /// The scheme that it obeys.
  public var scheme: LinearScheme {
    LinearScheme(weight.grid.scheme, activations: activations?.scheme)
  }

  /// The weights that it stands for.
  public func dequantized() -> Matrix {
    var result = weight.dequantized()
    guard let kept else { return result }
    for row in 0..<result.rows {
      for (i, channel) in kept.channels.enumerated() { result[row, channel] = kept.weights[row, i] }
    }
    return result
  }
}

/// Input channels that are not rounded: outliers.
///
/// They are those of the decomposition in LLM.int8() (Dettmers and others 2022, arXiv 2208.07339).
public struct KeptChannels: Sendable, Equatable {
  /// The zero-based channels, in ascending order.
  public let channels: [Int]
  /// Their columns of the weights, `[out, channels]`.
  public let weights: Matrix

  /// Channels with their weights.
  public init(channels: [Int], weights: Matrix) {
    precondition(weights.columns == channels.count, "\(weights.columns) columns")
    self.channels = channels
    self.weights = weights
  }

  /// The same with each row of the weights divided by a factor.
  public func dividingRows(by factors: [Float]) -> KeptChannels {
    KeptChannels(
      channels: channels,
      weights: Matrix(rows: weights.rows, columns: weights.columns) {
        weights[$0, $1] / factors[$0]
      })
  }
}
