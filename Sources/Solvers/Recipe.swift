internal import Hessian
internal import LinearAlgebra
public import Quantizer

/// One choice of each: how the input is scaled first, what may be stored, how the grid is chosen, how
/// weights are rounded to it, and what becomes of the inputs.
///
/// ```swift
/// let recipe = Recipe(
///   scheme: try Scheme(bits: 4, symmetric: true, granularity: .group(128)),
///   gridRule: GridRule(range: .squaredError, scaleFormat: .float16),
///   rounding: NearestPlaneRounding())
/// let solution = try recipe.solve(LayerProblem(name: "q_proj", weights: weights, input: input))
/// ```
public struct Recipe: Sendable {
  /// What may be stored.
  public let scheme: Scheme
  /// How scales and zero points are chosen.
  public let gridRule: GridRule
  /// How codes are chosen.
  public let rounding: any Rounding
  /// How the input channels are scaled before; nil for not at all.
  public let transform: (any Transform)?
  /// How inputs are rounded; nil when they stay in floating point.
  public let activations: ActivationRule?
  /// Which input channels stay in floating point; nil for none.
  public let outliers: OutlierRule?

  /// A recipe of given choices.
  public init(
    scheme: Scheme, gridRule: GridRule, rounding: any Rounding,
    transform: (any Transform)? = nil, activations: ActivationRule? = nil,
    outliers: OutlierRule? = nil
  ) {
    self.scheme = scheme
    self.gridRule = gridRule
    self.rounding = rounding
    self.transform = transform
    self.activations = activations
    self.outliers = outliers
  }

  /// What it leaves behind.
  public var linearScheme: LinearScheme {
    LinearScheme(scheme, activations: activations?.scheme)
  }

  /// Quantizes one Linear, whose input nobody can scale.
  ///
  /// Pure: the same problem gives the same solution.
  ///
  /// - Throws: ``StageError`` when it cannot be done as asked.
  public func solve(_ problem: LayerProblem) throws(StageError) -> LayerSolution {
    try attempt(StageProblem([problem]), factors: nil, nil, false).linears[0]
  }

  /// Quantizes Linears that share one input, whose preparation is done once.
  ///
  /// - Parameters:
  ///   - stage: the Linears, and how their input may be scaled.
  ///   - measuresRows: whether the error of each output is measured, for the worst of them.
  /// - Returns: a solution for each Linear, in the same order, and the factors of the input.
  /// - Throws: ``StageError``, which names the Linear, when one cannot be done as asked.
  public func solve(
    stage: StageProblem, measuringRows measuresRows: Bool = false
  ) throws(StageError) -> StageSolution {
    guard let name = stage.linears.first?.name, let transform, let scaling = stage.scaling else {
      return try attempt(stage, factors: nil, nil, measuresRows)
    }
    let prepared = try blaming(name) { () throws(SolverError) in
      try rounding.prepared(for: stage.input)
    }
    let trial = ScaleTrial(stage, self, pivots: prepared.pivots)
    let factors = try blaming(name) { () throws(SolverError) in
      try transform.factors(for: stage, scaling, trial)
    }
    guard let factors else { return try attempt(stage, factors: nil, prepared, measuresRows) }
    let scaled = try attempt(stage, factors: factors, nil, measuresRows)
    guard transform.mustImprove else { return scaled }
    let plain = try attempt(stage, factors: nil, prepared, measuresRows)
    return scaled.loss < plain.loss ? scaled : plain
  }

  /// Solves with given factors; `prepared` may be what the rounding made of the unscaled input.
  private func attempt(
    _ stage: StageProblem, factors: [Float]?, _ prepared: (any PreparedRounding)?,
    _ measuresRows: Bool
  ) throws(StageError) -> StageSolution {
    guard let name = stage.linears.first?.name else {
      return StageSolution(linears: [], factors: nil, loss: 0)
    }
    let solver = try blaming(name) { () throws(SolverError) in
      try ScaledSolver(
        self, stage.input, factors: factors, prepared, measuresRows: measuresRows)
    }
    var solutions: [LayerSolution] = []
    var loss = 0.0
    for problem in stage.linears {
      let (solution, part) = try blaming(problem.name) { () throws(SolverError) in
        try solver.solve(problem)
      }
      solutions.append(solution)
      loss += part
    }
    return StageSolution(linears: solutions, factors: factors, loss: loss)
  }

  private func blaming<Result>(
    _ linear: String, _ body: () throws(SolverError) -> Result
  ) throws(StageError) -> Result {
    do throws(SolverError) {
      return try body()
    } catch {
      throw StageError(linear: linear, cause: error)
    }
  }
}

/// A failure with the name of the Linear it concerns.
public struct StageError: Error, CustomStringConvertible {
  /// The Linear.
  public let linear: String
  /// What went wrong.
  public let cause: SolverError

  /// A failure of a Linear.
  public init(linear: String, cause: SolverError) {
    self.linear = linear
    self.cause = cause
  }

  /// The name and the cause.
  public var description: String { "\(linear): \(cause)" }
}
