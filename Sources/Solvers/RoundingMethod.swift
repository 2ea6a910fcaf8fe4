/// A rounding under the name that methods, tables and reports use.
public struct RoundingMethod: Sendable {
  /// The name.
  public let name: String
  /// One line of help.
  public let summary: String
  /// Whether the rounding requires calibration.
  public let needsCalibration: Bool
  /// The bits of a code where none are asked for.
  public let standardBits: Int
  /// Makes the rounding with the options that apply to it.
  public let make: @Sendable (MethodOptions) -> any Rounding

  /// A rounding with a name.
  public init(
    name: String, summary: String, needsCalibration: Bool, standardBits: Int = 4,
    make: @escaping @Sendable (MethodOptions) -> any Rounding
  ) {
    self.name = name
    self.summary = summary
    self.needsCalibration = needsCalibration
    self.standardBits = standardBits
    self.make = make
  }

  /// GPTQ.
  public static let gptq = RoundingMethod(
    name: "gptq", summary: "nearest plane in the metric of the calibrated Hessian (GPTQ)",
    needsCalibration: true
  ) { NearestPlaneRounding(order: $0.order, damping: $0.damping) }

  /// GPTQ, then coordinate descent.
  public static let coordinateDescent = RoundingMethod(
    name: "cd", summary: "GPTQ, then coordinate descent on codes and scales",
    needsCalibration: true
  ) {
    CoordinateDescentRounding(start: NearestPlaneRounding(order: $0.order, damping: $0.damping))
  }

  /// GPTQ's grid with a beam search.
  public static let beam = RoundingMethod(
    name: "beam", summary: "GPTQ that follows several roundings of a row and keeps the best",
    needsCalibration: true
  ) { BeamRounding(start: NearestPlaneRounding(order: $0.order, damping: $0.damping)) }

  /// GPTQ, then steps along the signs of the gradient.
  public static let signRound = RoundingMethod(
    name: "signround", summary: "GPTQ, then rounding learned by the signs of gradients (SignRound)",
    needsCalibration: true
  ) { SignGradientRounding(start: NearestPlaneRounding(order: $0.order, damping: $0.damping)) }

  /// Codes of which each half is a code.
  public static let matryoshka = RoundingMethod(
    name: "matryoshka",
    summary: "GPTQ for nested codes: the upper 4 and 2 bits of 8 are codes as well (MatQuant)",
    needsCalibration: true, standardBits: 8
  ) { MatryoshkaRounding(start: NearestPlaneRounding(order: $0.order, damping: $0.damping)) }

  /// Round to nearest.
  public static let nearest = RoundingMethod(
    name: "rtn", summary: "every weight to the nearest point of its grid (round to nearest)",
    needsCalibration: false
  ) { _ in NearestRounding() }
}
