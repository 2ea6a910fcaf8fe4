public import LinearAlgebra

/// What may be stored for a Linear, and how its inputs are rounded.
public struct LinearScheme: Sendable, Hashable {
  /// What may be stored for the weights.
  public let weights: Scheme
  /// How inputs are rounded while the model runs; nil when they stay in floating point.
  public let activations: ActivationScheme?
  /// Whether groups are scattered over the columns, as GPTQ's act-order leaves them (`desc_act`); their map
  /// is stored beside the codes.
  public let scattersGroups: Bool

  /// A scheme for weights and inputs.
  public init(
    _ weights: Scheme, activations: ActivationScheme? = nil, scattersGroups: Bool = false
  ) {
    self.weights = weights
    self.activations = activations
    self.scattersGroups = scattersGroups
  }

  /// The scheme as files have it.
  public var widened: LinearScheme {
    LinearScheme(weights.widened, activations: activations, scattersGroups: scattersGroups)
  }
}

/// A quantized Linear: its weights, and how its inputs are rounded.
public struct QuantizedLinear: Sendable, Equatable {
  /// The codes and grid of the weights.
  public let weight: QuantizedWeight
  /// How inputs are rounded; nil when they stay in floating point.
  public let activations: ActivationQuantizer?
  /// The channels whose weights and inputs both stay in floating point (LLM.int8()); nil when there
  /// are none.
  public let kept: KeptChannels?

  /// A Linear of given weights.
  public init(
    _ weight: QuantizedWeight, activations: ActivationQuantizer? = nil, kept: KeptChannels? = nil
  ) {
    self.weight = weight
    self.activations = activations
    self.kept = kept
  }

  /// The scheme of this Linear.
  public var scheme: LinearScheme {
    LinearScheme(
      weight.grid.scheme, activations: activations?.scheme,
      scattersGroups: weight.grid.scattersGroups)
  }

  /// The same Linear in the scheme as files have it.
  public var widened: QuantizedLinear {
    QuantizedLinear(weight.widened, activations: activations, kept: kept)
  }

  /// The weights that the codes stand for, with those of kept channels as they are.
  public func dequantized() -> Matrix {
    var result = weight.dequantized()
    guard let kept else { return result }
    for row in 0..<result.rows {
      for (i, channel) in kept.channels.enumerated() { result[row, channel] = kept.weights[row, i] }
    }
    return result
  }
}

/// Input channels with outliers, which are not rounded.
///
/// This is the mixed-precision decomposition of LLM.int8() (Dettmers and others 2022, arXiv
/// 2208.07339).
public struct KeptChannels: Sendable, Equatable {
  /// The zero-based channels, in ascending order.
  public let channels: [Int]
  /// The columns of the weights for these channels, `[out, channels]`.
  public let weights: Matrix

  /// Given channels with their weights.
  ///
  /// - Precondition: `weights` has one column for each channel.
  public init(channels: [Int], weights: Matrix) {
    precondition(
      weights.columns == channels.count, "\(weights.columns) columns for \(channels.count) channels"
    )
    self.channels = channels
    self.weights = weights
  }

  /// The channels with each row of their weights divided by a factor.
  package func dividingRows(by factors: [Float]) -> KeptChannels {
    KeptChannels(
      channels: channels,
      weights: Matrix(rows: weights.rows, columns: weights.columns) {
        weights[$0, $1] / factors[$0]
      })
  }
}
