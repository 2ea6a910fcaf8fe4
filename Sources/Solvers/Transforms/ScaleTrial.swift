internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// Measures what factors for the input channels would cost a stage, with rounding to nearest in
/// place of the actual rounding.
public struct ScaleTrial: Sendable {
  private let stage: StageProblem
  /// The weights of each Linear of each group, or some of their rows, which suffice to compare
  /// factors.
  private let weights: [[Matrix]]
  private let recipe: Recipe
  /// The pivots of the rounding that will follow, for each group.
  private let pivots: [[Float]?]

  /// The most rows of each Linear on which losses are measured, evenly spaced.
  ///
  /// The resulting choice is then judged on all rows.
  public static let rowLimit = 256

  init(_ stage: StageProblem, _ recipe: Recipe, pivots: [[Float]?]) {
    self.stage = stage
    weights = stage.groups.map {
      $0.linears.map { $0.target.evenlySpacedRows(atMost: Self.rowLimit) }
    }
    self.recipe = recipe
    self.pivots = pivots
  }

  /// The squared output error of the stage's Linears together, per token.
  ///
  /// With D = Q(W·diag s)/s − W this is Σ tr(D H Dᵀ) over the Linears, each group weighted by its
  /// share of the tokens. If nearest-plane rounding follows, which compensates for most of that
  /// error, H is replaced by the diagonal of the factor's pivots. If inputs are rounded as well,
  /// the error is measured on the sampled tokens: ‖Q(x/s) Q(W·diag s)ᵀ − x Wᵀ‖².
  ///
  /// - Parameter factors: one for each channel.
  /// - Returns: the loss, comparable only with that of other factors.
  /// - Throws: ``SolverError`` when statistics are missing or no grid fits.
  /// - Complexity: for each Linear, of which at most ``rowLimit`` rows are used, out·in² flops;
  ///   with pivots out·in; with rounded inputs 2·tokens·out·in.
  public func loss(_ factors: [Float]) throws(SolverError) -> Double {
    var loss = 0.0
    for (i, share) in stage.shares.enumerated() {
      loss += share * (try groupLoss(i, factors))
    }
    return loss
  }

  private func groupLoss(_ group: Int, _ factors: [Float]) throws(SolverError) -> Double {
    let calibration = stage.groups[group].input.calibration
    guard let statistics = calibration else {
      throw .calibrationNeeded(method: "scaling of input channels")
    }
    if let rule = recipe.activations {
      let ranges = try calibration.ranges(
        for: "rounding of inputs", withHistograms: rule.needsHistogram)
      guard let sample = statistics.sample else {
        throw .tokensNeeded(method: "rounding of inputs")
      }
      return try sampleLoss(group, sample, ranges, factors, rule)
    }
    var moment = Matrix(rows: statistics.channels, columns: statistics.channels)
    var loss = 0.0
    for weights in weights[group] {
      let errors = try errors(weights, factors)
      if let pivots = pivots[group] {
        for row in 0..<errors.rows {
          loss += Double(VectorMath.weightedSquares(pivots.span, errors.row(row)))
        }
      } else {
        moment.addSecondMoment(of: errors)
      }
    }
    return pivots[group] == nil ? statistics.trace(withUpper: moment) : loss
  }

  /// The number of columns that share a scale, for each Linear of a stage.
  func groupSizes(of stage: StageProblem) throws(SolverError) -> [Int] {
    var sizes: [Int] = []
    for problem in stage.linears {
      do throws(SchemeError) {
        sizes.append(try recipe.scheme.groupSize(columns: problem.weights.columns))
      } catch {
        throw .grid(.scheme(error))
      }
    }
    return sizes
  }

  /// The loss with which AWQ was published: the output error of the whole attention or MLP; nil
  /// where that output is the stage's own.
  ///
  /// - Throws: ``SolverError`` when no grid fits.
  public func outputLoss(_ factors: [Float]) throws(SolverError) -> Double? {
    guard let outputLoss = stage.scaling?.outputLoss else { return nil }
    var candidates: [Matrix] = []
    for problem in stage.linears {
      candidates.append(problem.weights.adding(try errors(problem.weights, factors)))
    }
    return outputLoss(candidates)
  }

  private func sampleLoss(
    _ group: Int, _ sample: TokenSample, _ ranges: ChannelRanges, _ factors: [Float],
    _ rule: ActivationRule
  ) throws(SolverError) -> Double {
    let inputs = rule.quantizer(for: ranges.divided(by: factors))
      .rounded(sample.divided(by: factors).rows)
    let plain = sample.rows
    var sum = 0.0
    for weights in weights[group] {
      let scaled = weights.columns(times: factors)
      let quantized = scaled.adding(try grid(for: scaled).roundingErrors(of: scaled))
      let error = Matrix.product(plain, transposed: weights)
        .difference(to: Matrix.product(inputs, transposed: quantized))
      sum += error.sumOfSquares
    }
    return sum / Double(max(1, plain.rows))
  }

  /// Q(W·diag s)/s − W: the error of the weights, in the coordinates of the unscaled input.
  private func errors(_ weights: Matrix, _ factors: [Float]) throws(SolverError) -> Matrix {
    let scaled = weights.columns(times: factors)
    return try grid(for: scaled).roundingErrors(of: scaled)
      .columns(times: factors.map { 1 / $0 })
  }

  private func grid(for weights: Matrix) throws(SolverError) -> Grid {
    do throws(GridError) {
      return try recipe.gridRule.coarse.grid(for: weights, scheme: recipe.scheme)
    } catch {
      throw .grid(error)
    }
  }
}
