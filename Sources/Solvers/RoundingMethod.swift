public import Hessian

/// A rounding by its name, as the command line and the tables know it.
public struct RoundingMethod: Sendable {
  /// The word for it on the command line.
  public let name: String
  /// One line of help.
  public let summary: String
  /// Whether it cannot work without calibration.
  public let needsCalibration: Bool
  /// Makes the rounding with the options that apply to it.
  public let make: @Sendable (RoundingOptions) -> any Rounding

  /// Every method there is.
  public static let all = [gptq, nearest]

  /// GPTQ.
  public static let gptq = RoundingMethod(
    name: "gptq", summary: "nearest plane in the metric of the calibrated Hessian (GPTQ)",
    needsCalibration: true
  ) { NearestPlaneRounding(order: $0.order, damping: $0.damping) }

  /// Round to nearest.
  public static let nearest = RoundingMethod(
    name: "rtn", summary: "every weight to the nearest point of its grid (round to nearest)",
    needsCalibration: false
  ) { _ in NearestRounding() }
}

/// Options of roundings; each takes those that concern it.
public struct RoundingOptions: Sendable {
  /// The order in which columns are visited.
  public let order: ColumnOrder
  /// What is added to the diagonal of a Hessian.
  public let damping: Damping

  /// Options, each with the default that the project measured to be best.
  public init(order: ColumnOrder = .activation, damping: Damping = Damping()) {
    self.order = order
    self.damping = damping
  }
}
