public import Checkpoint
internal import LinearAlgebra
public import Quantizer
public import Solvers

/// What to do to every Linear of a model, and how to store it.
public struct QuantizationSettings: Sendable {
  /// What may be stored.
  public let scheme: Scheme
  /// How wide the range of a group is.
  public let range: GridRule.Range
  /// How weights are rounded.
  public let method: RoundingMethod
  /// Options of the rounding.
  public let options: RoundingOptions
  /// The layout of the output.
  public let format: any CheckpointFormat

  /// Settings of given choices.
  public init(
    scheme: Scheme, range: GridRule.Range = .squaredError, method: RoundingMethod = .gptq,
    options: RoundingOptions = RoundingOptions(),
    format: any CheckpointFormat = CompressedTensorsFormat()
  ) {
    self.scheme = scheme
    self.range = range
    self.method = method
    self.options = options
    self.format = format
  }

  /// The recipe for Linears whose scales are stored in a format.
  func recipe(scales: FloatFormat) -> Recipe {
    Recipe(
      scheme: scheme,
      gridRule: GridRule(
        range: range, scaleFormat: scales, smallestZeroPoint: format.smallestZeroPoint),
      rounding: method.make(options))
  }
}
