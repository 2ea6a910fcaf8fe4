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

  /// A Linear of given parts.
  public init(_ weight: QuantizedWeight, activations: ActivationQuantizer? = nil) {
    self.weight = weight
    self.activations = activations
  }

  /// The scheme that it obeys.
  public var scheme: LinearScheme {
    LinearScheme(weight.grid.scheme, activations: activations?.scheme)
  }
}
