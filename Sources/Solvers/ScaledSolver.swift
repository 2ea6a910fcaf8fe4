internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// A recipe on one input with given factors: everything that its Linears share.
struct ScaledSolver {
  let recipe: Recipe
  let factors: [Float]?
  private let measuresRows: Bool
  private let prepared: any PreparedRounding
  private let activations: ActivationQuantizer?
  /// Channels that stay in floating point.
  let kept: [Int]
  private let metric: ErrorMetric
  /// The tokens that errors of rounded inputs are measured on, unscaled.
  let sampled: TokenSample?

  /// Scales the statistics and prepares the rounding, unless that is given.
  init(
    _ recipe: Recipe, _ input: LayerInput, factors: [Float]?, _ known: (any PreparedRounding)?,
    measuresRows: Bool = false
  ) throws(SolverError) {
    self.recipe = recipe
    self.measuresRows = measuresRows
    self.factors = factors
    var statistics = input.calibration
    if let factors { statistics = statistics?.divided(by: factors) }
    kept = try Self.keptChannels(recipe, statistics)
    // What is kept has no part in any range, and no other column compensates for it.
    if !kept.isEmpty { statistics = statistics?.removing(channels: kept) }
    if let known, factors == nil, kept.isEmpty {
      prepared = known
    } else {
      prepared = try recipe.rounding.prepared(
        for: LayerInput(calibration: statistics, heldOut: input.heldOut))
    }
    activations = try Self.activations(recipe, statistics)
    sampled = input.heldOut?.sample ?? input.calibration?.sample
    if let pivots = prepared.pivots {
      metric = .columns(pivots)
    } else if let statistics {
      metric = .blocks { statistics.block($0) }
    } else {
      metric = .plain
    }
  }

  /// Quantizes a Linear; says what it loses of its output, for each token.
  func solve(_ problem: LayerProblem) throws(SolverError) -> (LayerSolution, loss: Double) {
    let target = factors.map { problem.weights.columns(times: $0) } ?? problem.weights
    let rounded = target.zeroing(kept)
    let linear = try quantized(rounded, keeping: target)
    var effective = linear.dequantized()
    let inputError = inputError(linear, effective, on: sampled)
    // What decides between factors must not know the held-out tokens.
    let known = self.inputError(linear, effective, on: problem.input.calibration?.sample)
    if let factors { effective = effective.columns(times: factors.map { 1 / $0 }) }
    let whole = problem.input.memory.energy(of: problem.name) {
      OutputEnergy(of: problem.weights, in: problem.input, byRow: measuresRows)
    }
    let activation = inputError.map { ratio($0, sampledEnergy(problem.weights)) }
    let lost = OutputEnergy(
      of: effective.difference(to: problem.weights), in: problem.input, byRow: measuresRows)
    let error = LayerError(lost, of: whole, activation: activation)
    let solution = LayerSolution(
      name: problem.name, linear: linear, error: error,
      clippedShare: linear.weight.clippedShare(of: rounded), conditioning: prepared.conditioning,
      outliers: try outlierReport(problem, target, linear))
    let loss = (error.calibration ?? 0) * (whole.calibration ?? 0)
    return (solution, loss + (known ?? 0))
  }

  /// Quantizes weights whose kept columns are zero, and keeps those of the target.
  func quantized(
    _ rounded: Matrix, keeping target: Matrix
  ) throws(SolverError) -> QuantizedLinear {
    let columns = KeptChannels(
      channels: kept,
      weights: Matrix(rows: target.rows, columns: kept.count) {
        recipe.gridRule.scaleFormat.rounded(target[$0, kept[$1]])
      })
    do throws(GridError) {
      let grid = try recipe.gridRule.grid(for: rounded, scheme: recipe.scheme, metric: metric)
      return QuantizedLinear(
        prepared.round(rounded, on: grid), activations: activations,
        kept: kept.isEmpty ? nil : columns)
    } catch {
      throw .grid(error)
    }
  }

  /// The mean squared error of the output that rounding sampled inputs adds.
  private func inputError(
    _ linear: QuantizedLinear, _ weights: Matrix, on sampled: TokenSample?
  ) -> Double? {
    guard let activations, let sampled else { return nil }
    let inputs = (factors.map { sampled.divided(by: $0) } ?? sampled).rows
    let rounded = activations.rounded(inputs, keeping: linear.kept?.channels ?? [])
    return Matrix.product(inputs.difference(to: rounded), transposed: weights).sumOfSquares
      / Double(max(1, inputs.rows))
  }

  /// The mean squared size of the output on the sampled inputs.
  private func sampledEnergy(_ weights: Matrix) -> Double {
    guard let rows = sampled?.rows else { return 0 }
    return Matrix.product(rows, transposed: weights).sumOfSquares / Double(max(1, rows.rows))
  }

  private static func activations(
    _ recipe: Recipe, _ statistics: InputStatistics?
  ) throws(SolverError) -> ActivationQuantizer? {
    guard let rule = recipe.activations else { return nil }
    if rule.scheme.granularity == .token { return .token(symmetric: rule.scheme.isSymmetric) }
    return rule.quantizer(
      for: try statistics.ranges(
        for: "static activations", withHistograms: rule.needsHistogram))
  }
}
