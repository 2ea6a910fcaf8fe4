public import Quantizer

/// A method: one choice for each column of the table of methods.
///
///     gptq              nearest plane
///     awq+clip          AWQ's scales, ranges by output error, round to nearest
///     awq+gptq          AWQ's scales, then GPTQ
///     smoothquant       SmoothQuant's scales, 8-bit weights and inputs
///     int8+outliers     LLM.int8()
public struct Method: Sendable {
  /// What it is called in tables and reports.
  public let name: String
  /// How the input channels are scaled before; nil for not at all.
  public let transform: TransformMethod?
  /// How codes are chosen.
  public let rounding: RoundingMethod
  /// Whether the range of a group is chosen by output error.
  public let clips: Bool
  /// How inputs are rounded; nil when they stay in floating point.
  public let activations: ActivationScheme.Granularity?
  /// Whether outlier channels stay in 16 bit.
  public let keepsOutliers: Bool

  /// GPTQ alone.
  public static let gptq = Method(rounding: .gptq)
  /// Round to nearest alone.
  public static let nearest = Method(rounding: .nearest)

  /// A method of given choices.
  ///
  /// - Parameters:
  ///   - name: what it is called; nil for the names of transform and rounding, joined by +.
  ///   - transform: how the input channels are scaled before.
  ///   - rounding: how codes are chosen.
  ///   - clips: whether the range of a group is chosen by output error.
  ///   - activations: how inputs are rounded; nil for what the transform is made for.
  ///   - keepsOutliers: whether outlier channels stay in 16 bit.
  public init(
    name: String? = nil, transform: TransformMethod? = nil, rounding: RoundingMethod,
    clips: Bool = false, activations: ActivationScheme.Granularity? = nil,
    keepsOutliers: Bool = false
  ) {
    let isPlain = transform != nil && rounding.name == RoundingMethod.nearest.name
    self.name =
      name
      ?? [transform?.name, isPlain ? nil : rounding.name].compactMap(\.self).joined(separator: "+")
    self.transform = transform
    self.rounding = rounding
    self.clips = clips
    self.activations = activations ?? (transform?.roundsInputs == true ? .token : nil)
    self.keepsOutliers = keepsOutliers
  }

  /// Whether it cannot work without calibration.
  public var needsCalibration: Bool {
    rounding.needsCalibration || transform != nil || clips || keepsOutliers
      || activations == .tensor
  }
}
