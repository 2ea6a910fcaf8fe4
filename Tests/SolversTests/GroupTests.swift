// Stages of several inputs, as the experts of a mixture have them: all inputs are scaled by the same
// factors, and each counts by its share of the tokens.

import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import Synchronization
import TestSupport
import Testing

private let columns = ScaledStage.columns

/// A transform that gives known factors, and shows what it could have learned.
private struct WatchedFactors: Transform {
  let factors: [Float]
  let see: @Sendable (ScaleTrial) throws(SolverError) -> Void
  var mustImprove: Bool { false }

  init(
    _ factors: [Float], see: @escaping @Sendable (ScaleTrial) throws(SolverError) -> Void = { _ in }
  ) {
    self.factors = factors
    self.see = see
  }

  func factors(
    for stage: StageProblem, _ scaling: InputScaling, _ trial: ScaleTrial
  ) throws(SolverError) -> [Float]? {
    try see(trial)
    return factors
  }
}

/// Inputs of three experts with 20, 150 and 30 tokens, of different sizes.
private let inputs = [(20, 1.0), (150, 0.25), (30, 2)].enumerated().map { i, expert in
  let x = Matrix.activations(tokens: expert.0, channels: columns, seed: 20 + UInt64(i))
  return Matrix(rows: x.rows, columns: columns) { Float(expert.1) * x[$0, $1] }
}

/// Two Linears for each expert.
private let weights = (0..<3).map { expert in
  (0..<2).map { Matrix.heavyTailed(24, columns, scale: 0.05, seed: UInt64(30 + 2 * expert + $0)) }
}

private func groups(_ inputs: [Matrix], _ weights: [[Matrix]]) throws -> [StageProblem.Group] {
  try pairs(inputs, weights).enumerated().map { expert, pair in
    StageProblem.Group(
      pair.1.enumerated().map { LinearProblem(name: "\(expert).\($0)", weights: $1) },
      input: CalibratedInput(calibration: InputStatistics(of: pair.0)))
  }
}

private let factors = (0..<columns).map { Float(1 + $0 % 5) / 2 }

private func recipe(
  _ transform: (any Transform)?, _ rounding: any Rounding = NearestRounding(), bits: Int = 4,
  activations: ActivationScheme? = nil
) throws -> Recipe {
  Recipe(
    scheme: try Scheme(bits: bits, symmetric: false, granularity: .group(ScaledStage.groupSize)),
    gridRule: GridRule(range: .minMax, scaleFormat: .float32), rounding: rounding,
    transform: transform, activations: activations.map { ActivationRule($0) })
}

@Suite struct `The groups of a stage` {
  @Test(arguments: [true, false])
  func `are scaled by the same factors, and judged each on its own input`(isNearest: Bool) throws {
    let rounding: any Rounding = isNearest ? NearestRounding() : NearestPlaneRounding()
    let recipe = try recipe(WatchedFactors(factors), rounding)
    let solution = try recipe.solve(
      StageProblem(groups(inputs, weights), scaling: InputScaling()))
    #expect(solution.factors == factors)
    #expect(solution.linears.map(\.name) == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1"])
    #expect(solution.linears.map(\.tokens) == [20, 20, 150, 150, 30, 30])
    for (i, linear) in solution.linears.enumerated() {
      let (expert, w) = (i / 2, DoubleMatrix(weights[i / 2][i % 2]))
      let found = DoubleMatrix(linear.linear.dequantized())
      let d = DoubleMatrix(rows: w.rows, columns: columns) {
        found[$0, $1] / Double(factors[$1]) - w[$0, $1]
      }
      let h = DoubleMatrix.secondMoment(of: inputs[expert])
      let expected = (d * h * d.transposed).trace / (w * h * w.transposed).trace
      #expect(abs(try #require(linear.error.calibration) / expected - 1) < 1e-3)
      #expect(expected < 0.1, "the columns were multiplied by the factors")
      // Alone, the expert gets the same codes: nothing of the others is in them.
      let alone = try recipe.solve(
        StageProblem(
          groups([inputs[expert]], [weights[expert]]), scaling: InputScaling()))
      #expect(alone.linears[i % 2].linear == linear.linear)
    }
  }

  @Test(arguments: [true, false], [false, true])
  func `count in a loss by their shares of the tokens`(
    isNearest: Bool, roundsInputs: Bool
  ) throws {
    let rounding: any Rounding = isNearest ? NearestRounding() : NearestPlaneRounding()
    let activations =
      roundsInputs ? ActivationScheme(granularity: .token, symmetric: true) : nil
    func losses(_ groups: [StageProblem.Group]) throws -> [Double] {
      let losses = Losses()
      let watched = WatchedFactors(factors) { trial throws(SolverError) in
        let found = [try trial.loss(factors), try trial.loss(factors.map { _ in 1 })]
        losses.values.withLock { $0 = found }
      }
      _ = try recipe(watched, rounding, activations: activations).solve(
        StageProblem(groups, scaling: InputScaling()))
      return losses.values.withLock(\.self)
    }
    let all = try groups(inputs, weights)
    let together = try losses(all)
    let apart = try all.map { try losses([$0]) }
    for candidate in 0..<2 {
      let expected =
        (20 * apart[0][candidate] + 150 * apart[1][candidate] + 30 * apart[2][candidate]) / 200
      #expect(abs(together[candidate] / expected - 1) < 1e-6)
      // Equal shares would give something else.
      let equal = apart.reduce(0) { $0 + $1[candidate] } / 3
      #expect(abs(equal / expected - 1) > 0.1)
    }
  }

  @Test(arguments: ScaledStage.all.filter { $0.linears == 1 })
  func `with the same weights get the factors of all their tokens together`(
    stage: ScaledStage
  ) throws {
    let parts = [0..<30, 30..<31, 31..<200].map { stage.inputs.copy(rows: $0) }
    let split = try groups(parts, parts.map { _ in stage.weights })
    let whole = try groups([stage.inputs], [stage.weights])
    for duo in [ActivationAwareScaling.Duo.with, .without] {
      let recipe = try stage.recipe(ActivationAwareScaling(duo: duo, triesIdentity: false))
      let found = try recipe.solve(StageProblem(split, scaling: InputScaling())).factors
      let expected = try recipe.solve(StageProblem(whole, scaling: InputScaling())).factors
      try #require((found == nil) == (expected == nil))
      for (a, b) in try pairs(found ?? [], expected ?? []) { #expect(abs(a / b - 1) < 1e-4) }
    }
    let smooth = try Smoothing.recipe(SmoothQuant(.fixed(0.5)))
    #expect(
      try smooth.solve(StageProblem(split, scaling: InputScaling())).factors
        == smooth.solve(StageProblem(whole, scaling: InputScaling())).factors)
  }

  @Test func `without a token are rounded to nearest, and say so`() throws {
    let empty = Matrix(rows: 0, columns: columns)
    let seen = try groups([inputs[0], empty, inputs[2]], weights)
    let activations = ActivationScheme(granularity: .token, symmetric: true)
    let recipes = [
      try recipe(nil), try recipe(nil, NearestPlaneRounding()),
      try recipe(ActivationAwareScaling()),
      try recipe(ActivationAwareScaling(), NearestPlaneRounding()),
      try recipe(SmoothQuant(.fixed(0.5)), NearestPlaneRounding(), activations: activations),
      try recipe(SmoothQuant(.searched), activations: activations),
      try recipe(nil, activations: ActivationScheme(granularity: .tensor, symmetric: false)),
    ]
    for (i, recipe) in recipes.enumerated() {
      let solution = try recipe.solve(StageProblem(seen, scaling: InputScaling()))
      try #require(solution.linears.count == 6)
      for (j, linear) in solution.linears.enumerated() {
        #expect(linear.tokens == [20, 0, 30][j / 2])
        #expect(linear.error.weight > 0 && linear.error.weight < 0.2, "recipe \(i)")
        guard j / 2 == 1 else {
          #expect(try #require(linear.error.calibration) > 0, "recipe \(i)")
          continue
        }
        // On no tokens, nothing is lost.
        #expect(linear.error.calibration == 0, "recipe \(i)")
        let target = Matrix(rows: 24, columns: columns) {
          weights[1][j % 2][$0, $1] * (solution.factors?[$1] ?? 1)
        }
        let quantized = linear.quantized
        #expect(quantized == QuantizedWeight(nearest: target, on: quantized.grid), "recipe \(i)")
      }
      // The others are not held back by it.
      let without = try recipe.solve(
        StageProblem(
          groups([inputs[0], inputs[2]], [weights[0], weights[2]]), scaling: InputScaling()))
      if recipe.transform == nil {
        for (a, b) in [(0, 0), (1, 1), (4, 2), (5, 3)] {
          #expect(solution.linears[a].linear == without.linears[b].linear)
        }
      }
    }
  }

  @Test func `none of which has a token are solved all the same`() throws {
    let empty = [Matrix](repeating: Matrix(rows: 0, columns: columns), count: 3)
    let problem = StageProblem(try groups(empty, weights), scaling: InputScaling())
    for rounding in [NearestRounding(), NearestPlaneRounding()] as [any Rounding] {
      for transform in [nil, ActivationAwareScaling()] as [(any Transform)?] {
        let solution = try recipe(transform, rounding).solve(problem)
        #expect(solution.factors == nil)
        #expect(solution.linears.map(\.tokens) == [0, 0, 0, 0, 0, 0])
        #expect(solution.linears.allSatisfy { $0.error.calibration == 0 })
      }
    }
  }
}

/// What a transform saw, for the test that asked it.
private final class Losses: Sendable {
  let values = Mutex([Double]())
}
