// AWQ against the textbook: from the same candidates and by the same loss it must choose the same
// factors, and the same clipped ranges.

import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

@Suite struct `AWQ's scales` {
  @Test(
    arguments: ScaledStage.all,
    [
      (true, ActivationAwareScaling.Loss.output), (true, .hessian), (false, .output),
      (false, .hessian),
    ])
  func `are the textbook's`(
    stage: ScaledStage, choice: (duo: Bool, loss: ActivationAwareScaling.Loss)
  ) throws {
    let textbook = stage.textbook
    let candidates = textbook.candidates(duo: choice.duo)
    let losses = candidates.map(textbook.loss)
    let ranking = losses.indices.sorted { losses[$0] < losses[$1] }
    let (best, second) = (ranking[0], ranking[1])
    // A clear winner: a near tie would be decided by rounding errors.
    try #require(losses[second] > losses[best] * 1.0001)
    let search = ActivationAwareScaling(
      duo: choice.duo ? .with : .without, loss: choice.loss, triesIdentity: false)
    let factors = try #require(try stage.recipe(search).solve(stage.problem).factors)
    for (found, expected) in try pairs(factors, candidates[best]) {
      #expect(abs(Double(found) / expected - 1) < 1e-5)
    }
    // The runner-up has other factors, so the test would notice if it had been chosen.
    let worst = try pairs(factors, candidates[second]).map { abs(Double($0) / $1 - 1) }.max() ?? 0
    #expect(worst > 1e-2)
  }

  @Test(arguments: ScaledStage.all)
  func `are the best of both kinds, or none where none helps`(stage: ScaledStage) throws {
    let textbook = stage.textbook
    let losses = [true, false].flatMap { textbook.candidates(duo: $0).map(textbook.loss) }
    let identity = textbook.loss([Double](repeating: 1, count: ScaledStage.columns))
    let solution = try stage.recipe(ActivationAwareScaling()).solve(stage.problem)
    let found = textbook.loss(
      solution.factors?.map(Double.init) ?? [Double](repeating: 1, count: ScaledStage.columns))
    let least = min(identity, losses.min() ?? .infinity)
    #expect(found <= least * 1.0005)
    // The reported errors are those of the weights in the coordinates that they came in.
    let plain = try stage.recipe(nil).solve(stage.problem)
    let total = { (solution: StageSolution) in
      solution.linears.reduce(0) { $0 + ($1.error.calibration ?? .nan) }
    }
    if stage.linears == 1 { #expect(total(solution) <= total(plain)) }
  }

  @Test(arguments: [1 as UInt64, 2, 3, 4])
  func `do not depend on held-out tokens, even where inputs are rounded`(seed: UInt64) throws {
    let stage = ScaledStage(linears: 1, bits: 8, seed: seed)
    func solve(_ heldOut: Matrix) throws -> StageSolution {
      let input = CalibratedInput(
        calibration: stage.statistics, heldOut: InputStatistics(of: heldOut))
      let recipe = Recipe(
        scheme: try Scheme(bits: 8, symmetric: true, granularity: .channel),
        gridRule: GridRule(range: .minMax, scaleFormat: .float32), rounding: NearestRounding(),
        transform: ActivationAwareScaling(),
        activations: ActivationRule(ActivationScheme(granularity: .token, symmetric: true)))
      return try recipe.solve(
        StageProblem(stage.weights, input: input, scaling: InputScaling()))
    }
    let same = try solve(stage.inputs)
    // Tokens that are rounded worse with any factors chosen for the calibration tokens.
    let other = try solve(
      Matrix(rows: 50, columns: ScaledStage.columns) { $0 % ScaledStage.columns == $1 ? 8 : 1 })
    #expect(other.factors == same.factors)
    #expect(other.linears[0].quantized == same.linears[0].quantized)
    #expect(other.linears[0].error.activation != same.linears[0].error.activation)
  }
}

@Suite struct `AWQ's clip search` {
  @Test(arguments: ScaledStage.all.filter { $0.linears == 1 })
  func `finds the textbook's ranges`(stage: ScaledStage) throws {
    let textbook = stage.textbook
    let quantized = try stage.recipe(nil, .outputError, .autoAWQ).solve(stage.problem)
      .linears[0].quantized
    var (compared, clipped) = (0, 0)
    for row in 0..<quantized.rows {
      for group in 0..<quantized.grid.groups {
        let (expected, margin) = textbook.clipped(row: row, group: group)
        guard margin > 1e-3 else { continue }
        compared += 1
        let columns = group * ScaledStage.groupSize..<(group + 1) * ScaledStage.groupSize
        let found = GridPoint(quantized.grid, row: row, column: columns.lowerBound)
        #expect(abs(found.scale / expected.scale - 1) < 1e-5, "row \(row), group \(group)")
        #expect(found.zeroPoint == expected.zeroPoint, "row \(row), group \(group)")
        let weights = columns.map { Double(stage.weights[0][row, $0]) }
        let width = (weights.max() ?? 0) - (weights.min() ?? 0)
        if expected.scale < 0.99 * width / Double(expected.largestCode) { clipped += 1 }
      }
    }
    #expect(compared > 65 && clipped > 20, "\(compared) compared, \(clipped) clipped")
  }
}
