public import Hessian
public import Quantizer
public import Remedies

/// One choice of each kind: how the input is scaled, what may be stored, how the grid is chosen,
/// how weights are rounded to it, and how inputs are rounded.
///
/// ```swift
/// let recipe = Recipe(
///   scheme: try Scheme(bits: 4, symmetric: true, granularity: .group(128)),
///   gridRule: GridRule(range: .squaredError, scaleFormat: .float16),
///   rounding: NearestPlaneRounding())
/// let solution = try recipe.solve(
///   LinearProblem(name: "q_proj", weights: weights),
///   input: CalibratedInput(calibration: statistics))
/// ```
public struct Recipe: Sendable {
  /// What may be stored.
  public let scheme: Scheme
  /// How scales and zero points are chosen.
  public let gridRule: GridRule
  /// How codes are chosen.
  public let rounding: any Rounding
  /// Other settings of the rounding; the error of a stage on held-out tokens chooses among all.
  public let alternatives: [any Rounding]
  /// How the target is corrected for the error of earlier Linears; nil for not at all.
  public let correction: TargetCorrection?
  /// How the input channels are scaled first; nil for not at all.
  public let transform: (any Transform)?
  /// How inputs are rounded; nil when they stay in floating point.
  public let activations: ActivationRule?
  /// Which input channels stay in floating point; nil for none.
  public let outliers: OutlierRule?

  /// A recipe with given choices.
  public init(
    scheme: Scheme, gridRule: GridRule, rounding: any Rounding,
    alternatives: [any Rounding] = [],
    correction: TargetCorrection? = nil, transform: (any Transform)? = nil,
    activations: ActivationRule? = nil, outliers: OutlierRule? = nil
  ) {
    self.scheme = scheme
    self.gridRule = gridRule
    self.rounding = rounding
    self.alternatives = alternatives
    self.correction = correction
    self.transform = transform
    self.activations = activations
    self.outliers = outliers
  }

  /// The same recipe for another scheme.
  public func storing(_ scheme: Scheme) -> Recipe {
    Recipe(
      scheme: scheme, gridRule: gridRule, rounding: rounding, alternatives: alternatives,
      correction: correction, transform: transform, activations: activations, outliers: outliers)
  }

  /// The same recipe with another rounding, and no choice of it.
  func rounding(by rounding: any Rounding) -> Recipe {
    Recipe(
      scheme: scheme, gridRule: gridRule, rounding: rounding, correction: correction,
      transform: transform, activations: activations, outliers: outliers)
  }

  /// What calibration must collect about an input besides the second moment.
  public var neededParts: InputStatistics.Parts {
    var parts = rounding.neededParts.union(transform?.neededParts ?? [])
    if let activations {
      parts.insert(.sample)
      if transform != nil || activations.scheme.isCalibrated { parts.insert(.ranges) }
      if activations.needsHistogram { parts.formUnion(.histograms) }
    }
    if correction != nil { parts.insert(.mismatch) }
    if outliers != nil { parts.formUnion([.ranges, .sample]) }
    return parts
  }

  /// What may be stored for a Linear, and how its input is rounded.
  public var linearScheme: LinearScheme {
    LinearScheme(scheme, activations: activations?.scheme)
  }

  /// Quantizes one Linear without scaling its input.
  ///
  /// Pure: the same problem gives the same solution.
  ///
  /// - Throws: ``StageError`` when the recipe cannot be carried out.
  public func solve(
    _ linear: LinearProblem, input: CalibratedInput = CalibratedInput()
  ) throws(StageError) -> LinearSolution {
    try solve(StageProblem([StageProblem.Group([linear], input: input)])).linears[0]
  }

  /// Quantizes the Linears of a stage.
  ///
  /// This is pure as well; a ``StageSession`` shares work among several recipes for one stage.
  ///
  /// - Throws: ``StageError``, which names the Linear, when the recipe cannot be carried out.
  public func solve(_ stage: StageProblem) throws(StageError) -> StageSolution {
    try StageSession(stage).solve(self)
  }
}

/// A failure together with the Linear that it concerns.
public struct StageError: RemediableError {
  /// The Linear.
  public let linear: String
  /// What went wrong.
  public let cause: SolverError

  /// A failure of a Linear.
  public init(linear: String, cause: SolverError) {
    self.linear = linear
    self.cause = cause
  }

  /// The Linear's name and the cause.
  public var description: String { "\(linear): \(cause)" }

  /// The remedies of the cause.
  public var remedies: [Remedy] { cause.remedies }
}
