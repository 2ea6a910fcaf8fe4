public import Quantizer

/// A method: one choice from each column of the table of methods.
///
///     gptq              nearest plane
///     awq+clip          AWQ's scales, ranges by output error, round to nearest
///     awq+gptq          AWQ's scales, then GPTQ
///     smoothquant       SmoothQuant's scales, 8-bit weights and inputs
///     int8+outliers     LLM.int8()
public struct Method: Sendable {
  /// The name in tables and reports.
  public let name: String
  /// How the input channels are scaled first; nil for not at all.
  public let transform: TransformMethod?
  /// Whether the whole model is rotated before anything else.
  public let rotates: Bool
  /// How codes are chosen.
  public let rounding: RoundingMethod
  /// Whether the range of each group is chosen by output error.
  public let clips: Bool
  /// How inputs are rounded; nil when they stay in floating point.
  public let activations: ActivationScheme.Granularity?
  /// What inputs are rounded to; nil where the format decides, or inputs stay as they are.
  public let activationNumber: ActivationScheme.Number?
  /// Whether outlier channels stay in 16 bits.
  public let keepsOutliers: Bool

  /// GPTQ alone.
  public static let gptq = Method(rounding: .gptq)
  /// Round to nearest alone.
  public static let nearest = Method(rounding: .nearest)

  /// A method with given choices.
  ///
  /// - Parameters:
  ///   - name: the name; nil for the names of transform and rounding, joined by +.
  ///   - transform: how the input channels are scaled first; nil for not at all.
  ///   - rotates: whether the whole model is rotated before anything else.
  ///   - rounding: how codes are chosen.
  ///   - clips: whether the range of each group is chosen by output error.
  ///   - activations: how inputs are rounded; nil for the transform's default.
  ///   - activationNumber: what they are rounded to; nil for what the format has.
  ///   - keepsOutliers: whether outlier channels stay in 16 bits.
  public init(
    name: String? = nil, transform: TransformMethod? = nil, rotates: Bool = false,
    rounding: RoundingMethod,
    clips: Bool = false, activations: ActivationScheme.Granularity? = nil,
    activationNumber: ActivationScheme.Number? = nil,
    keepsOutliers: Bool = false
  ) {
    let isPlain = transform != nil && rounding.name == RoundingMethod.nearest.name
    self.name =
      name
      ?? [rotates ? "rotate" : nil, transform?.name, isPlain ? nil : rounding.name]
      .compactMap(\.self).joined(separator: "+")
    self.transform = transform
    self.rotates = rotates
    self.rounding = rounding
    self.clips = clips
    self.activations = activations ?? (transform?.roundsInputs == true ? .token : nil)
    self.activationNumber = activationNumber
    self.keepsOutliers = keepsOutliers
  }

  /// Whether inputs are rounded to integers, as far as the method decides.
  public var roundsInputsToIntegers: Bool {
    activations != nil && (activationNumber ?? .integer) == .integer
  }

  /// Whether norms, biases and dense Linears are stored in another form than the source has them in.
  public var changesDenseTensors: Bool { transform != nil || rotates }

  /// Whether the method requires calibration.
  public var needsCalibration: Bool {
    rounding.needsCalibration || transform != nil || clips || keepsOutliers
      || activations == .tensor || activationNumber == .nvfp4
  }
}
