internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// A recipe for one input and given factors: everything that the Linears of a group share.
struct GroupSolver {
  let recipe: Recipe
  let factors: [Float]?
  private let rounding: GroupRounding
  /// The rounding without kept channels, to measure what keeping them gained; nil if none are kept.
  let plainRounding: GroupRounding?
  private let tokens: Int?
  /// The input in the coordinates of the scaled weights.
  private let scaled: RoundingInput
  /// The unscaled tokens on which the errors of rounded inputs are measured.
  let sampled: TokenSample?

  /// Scales the statistics and prepares the rounding, unless a prepared one is given.
  init(
    _ recipe: Recipe, _ input: RoundingInput, factors: [Float]?, _ known: (any PreparedRounding)?
  ) throws(SolverError) {
    self.recipe = recipe
    self.factors = factors
    var scaled = input
    if let factors {
      scaled = RoundingInput(
        CalibratedInput(
          calibration: input.calibration?.divided(by: factors), heldOut: input.heldOut,
          engine: input.engine))
    }
    self.scaled = scaled
    let kept = try Self.keptChannels(recipe, scaled.calibration)
    if kept.isEmpty {
      rounding = try GroupRounding(recipe, scaled, known: factors == nil ? known : nil)
      plainRounding = nil
    } else {
      rounding = try GroupRounding(recipe, scaled.removing(kept), keeping: kept)
      plainRounding = try GroupRounding(recipe, scaled, known: factors == nil ? known : nil)
    }
    tokens = input.calibration?.tokenCount
    sampled = input.heldOut?.sample ?? input.calibration?.sample
  }

  /// Quantizes a Linear.
  ///
  /// - Parameters:
  ///   - problem: the Linear.
  ///   - input: its input, on which the result is judged.
  ///   - whole: the energy of its unquantized output.
  ///   - byRow: whether to measure the error of each output.
  /// - Returns: the solution, and the squared output error per calibration token.
  /// - Throws: ``SolverError`` when no grid fits or ranges are missing.
  func solve(
    _ problem: LinearProblem, _ input: CalibratedInput, _ whole: OutputEnergy, byRow: Bool
  ) throws(SolverError) -> (LinearSolution, loss: Double) {
    let target = factors.map { problem.target.columns(times: $0) } ?? problem.target
    let rounded = target.zeroing(rounding.kept)
    let linear = try rounding.quantized(rounded, keeping: target)
    var effective = linear.dequantized()
    let inputError = inputError(linear, effective, on: sampled)
    // The choice between factors must not depend on the held-out tokens.
    let known = self.inputError(linear, effective, on: input.calibration?.sample)
    if let factors { effective = effective.columns(times: factors.map { 1 / $0 }) }
    let difference = effective.difference(to: problem.weights)
    let lost = OutputEnergy(of: difference, in: input, byRow: byRow)
    let error = LinearError(
      lost, of: whole, activation: inputError.map { ratio($0, sampledEnergy(problem.weights)) },
      stream: input.heldOut.flatMap {
        streamError(
          of: problem.weights.difference(to: effective), problem.weights, lost, of: whole, $0,
          on: input.engine)
      })
    guard error.isFinite else { throw .outputOverflow(row: problem.weights.largestRow) }
    let solution = LinearSolution(
      name: problem.name, linear: linear, error: error,
      clippedShare: linear.weight.clippedShare(of: rounded),
      lostRows: problem.weights.rowsLost(in: effective),
      conditioning: rounding.prepared.conditioning,
      outliers: try outlierReport(target, linear), tokens: tokens,
      gap: byRow ? gap(of: linear, target, lost) : nil)
    return (solution, loss(of: effective, problem, input, lost) + (known ?? 0))
  }

  /// The distance of the output error from the limit for codes with as many bits.
  private func gap(
    of linear: QuantizedLinear, _ target: Matrix, _ lost: OutputEnergy
  ) -> RateGap? {
    let found = linear.weight
    guard linear.kept == nil, let loss = lost.calibration, let calibration = scaled.calibration,
      let factor = try? scaled.factor(
        recipe.rounding.order, groupSize: found.grid.groupSize,
        superBlock: found.grid.scheme.superBlock, RateGap.damping, for: "gap")
    else { return nil }
    return RateGap(
      target, found, loss: loss, factor, of: calibration,
      bitsPerGroup: recipe.gridRule.encoding.bitsPerGroup(recipe.scheme))
  }

  /// The squared output error, per calibration token: against the target, where it decides about factors.
  private func loss(
    of effective: Matrix, _ problem: LinearProblem, _ input: CalibratedInput, _ lost: OutputEnergy
  ) -> Double {
    guard recipe.transform != nil, let target = problem.corrected else {
      return lost.calibration ?? 0
    }
    return OutputEnergy(
      of: effective.difference(to: target),
      in: CalibratedInput(calibration: input.calibration, engine: input.engine), byRow: false
    ).calibration ?? 0
  }

  /// The squared output error that rounding the inputs adds, as a mean over the sampled tokens.
  private func inputError(
    _ linear: QuantizedLinear, _ weights: Matrix, on sampled: TokenSample?
  ) -> Double? {
    guard let activations = rounding.activations, let sampled else { return nil }
    let inputs = (factors.map { sampled.divided(by: $0) } ?? sampled).rows
    let rounded = activations.rounded(inputs, keeping: linear.kept?.channels ?? [])
    return Matrix.product(inputs.difference(to: rounded), transposed: weights).sumOfSquares
      / Double(max(1, inputs.rows))
  }

  /// The squared norm of the output, as a mean over the sampled tokens.
  private func sampledEnergy(_ weights: Matrix) -> Double {
    guard let rows = sampled?.rows else { return 0 }
    return Matrix.product(rows, transposed: weights).sumOfSquares / Double(max(1, rows.rows))
  }
}
