// Solving has no memory: a solution depends on the problem and the recipe alone, and not on what was
// solved before, in the same session or elsewhere.

import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import Synchronization
import TestSupport
import Testing

private let columns = 48
private let calibration = Matrix.activations(tokens: 128, channels: columns, seed: 1)
private let input = CalibratedInput(
  calibration: InputStatistics(of: calibration),
  heldOut: InputStatistics(of: .activations(tokens: 40, channels: columns, seed: 2)))

private func recipe(
  _ rounding: any Rounding, bits: Int = 4, transform: (any Transform)? = nil,
  activations: ActivationScheme.Granularity? = nil, outliers: OutlierRule? = nil
) throws -> Recipe {
  Recipe(
    scheme: try Scheme(bits: bits, symmetric: true, granularity: .group(16)),
    gridRule: GridRule(range: .squaredError, scaleFormat: .float16), rounding: rounding,
    transform: transform,
    activations: activations.map {
      ActivationRule(ActivationScheme(granularity: $0, symmetric: true))
    },
    outliers: outliers)
}

/// Recipes that share factors, scale inputs, or keep channels; each pair of neighbours differs.
private func recipes() throws -> [Recipe] {
  [
    try recipe(NearestRounding()),
    try recipe(NearestPlaneRounding()),
    try recipe(NearestPlaneRounding(order: .natural), bits: 3),
    try recipe(NearestPlaneRounding(damping: Damping(share: 0.1))),
    try recipe(NearestRounding(), transform: ActivationAwareScaling()),
    try recipe(NearestPlaneRounding(), transform: ActivationAwareScaling()),
    try recipe(
      NearestRounding(), bits: 8, transform: SmoothQuant(.fixed(0.5)), activations: .token),
    try recipe(NearestPlaneRounding(), bits: 8, activations: .tensor),
    try recipe(NearestRounding(), bits: 8, activations: .token, outliers: .largest(2)),
    try recipe(NearestPlaneRounding(), bits: 8, activations: .token, outliers: .largest(3)),
  ]
}

/// Three Linears of one input, whose channels may be scaled.
private let stage = StageProblem(
  (0..<3).map { .heavyTailed(20, columns, scale: 0.05, seed: 10 + $0) }, input: input,
  scaling: InputScaling())

/// Checks that two solutions are the same to the last bit.
private func expectEqual(
  _ a: StageSolution, _ b: StageSolution, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #expect(a.factors == b.factors, "\(what)", sourceLocation: sourceLocation)
  for (a, b) in try pairs(a.linears, b.linears) {
    #expect(a.name == b.name, "\(what)", sourceLocation: sourceLocation)
    #expect(a.linear == b.linear, "\(what), \(a.name)", sourceLocation: sourceLocation)
    #expect(a.error == b.error, "\(what), \(a.name)", sourceLocation: sourceLocation)
    #expect(a.clippedShare == b.clippedShare, "\(what)", sourceLocation: sourceLocation)
    #expect(a.conditioning == b.conditioning, "\(what)", sourceLocation: sourceLocation)
    #expect(a.outliers == b.outliers, "\(what), \(a.name)", sourceLocation: sourceLocation)
    #expect(a.tokens == b.tokens, "\(what)", sourceLocation: sourceLocation)
  }
}

@Suite struct `A solve` {
  @Test func `gives Linears of one name and one input each its own error`() throws {
    // Were the output of the first taken for that of the second, its error would be a million times
    // as large.
    let linears = [30, 0.03].map {
      LinearProblem(name: "w", weights: .gaussian(20, columns, scale: $0, seed: 3))
    }
    for rounding in [NearestRounding(), NearestPlaneRounding()] as [any Rounding] {
      let recipe = try recipe(rounding)
      let apart = try linears.map { try recipe.solve($0, input: input) }
      let together = try recipe.solve(StageProblem([StageProblem.Group(linears, input: input)]))
      let groups = linears.map { StageProblem.Group([$0], input: input) }
      let grouped = try recipe.solve(StageProblem(groups))
      for solutions in [apart, together.linears, grouped.linears] {
        try #require(solutions.count == 2)
        for (solution, linear) in try pairs(solutions, linears) {
          let (w, h) = (DoubleMatrix(linear.weights), DoubleMatrix.secondMoment(of: calibration))
          let d = DoubleMatrix(solution.quantized.dequantized()) - w
          let expected = (d * h * d.transposed).trace / (w * h * w.transposed).trace
          let found = try #require(solution.error.calibration)
          #expect(abs(found / expected - 1) < 1e-3)
        }
      }
    }
  }

  @Test func `has row errors whenever they are asked for`() throws {
    for recipe in try recipes() {
      let session = StageSession(stage)
      let expected = try StageSession(stage).solve(recipe, measuringRows: true)
      #expect(expected.linears.allSatisfy { $0.error.worstRow != nil })
      let without = try session.solve(recipe)
      #expect(without.linears.allSatisfy { $0.error.worstRow == nil })
      try expectEqual(session.solve(recipe, measuringRows: true), expected, "asked for later")
      try expectEqual(session.solve(recipe), without, "not asked for any more")
    }
  }

  @Test func `gives the same in a session as by itself, in any order of recipes`() throws {
    let recipes = try recipes()
    let alone = try recipes.map { try $0.solve(stage) }
    var generator = SplitMix64(seed: 4)
    let forwards = Array(recipes.indices)
    let orders =
      [forwards, forwards.reversed()] + (0..<3).map { _ in forwards.shuffled(using: &generator) }
    for order in orders {
      let session = StageSession(stage)
      for i in order {
        try expectEqual(session.solve(recipes[i]), alone[i], "recipe \(i) in the order \(order)")
      }
      // And once more, now that everything is known.
      for i in order { try expectEqual(session.solve(recipes[i]), alone[i], "recipe \(i) again") }
    }
    // The recipes differ in what they give, so that mixing them up would show.
    for i in alone.indices {
      for j in 0..<i { #expect(alone[i].linears[0].linear != alone[j].linears[0].linear) }
    }
  }

  @Test func `is the same while others are solved at the same time`() async throws {
    let recipes = try recipes()
    let alone = try recipes.map { try $0.solve(stage) }
    let session = StageSession(stage)
    let found = try await withThrowingTaskGroup(of: (Int, StageSolution).self) { group in
      for (i, recipe) in recipes.enumerated() {
        group.addTask { (i, try session.solve(recipe)) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for i in recipes.indices {
      try expectEqual(try #require(found[i]), alone[i], "recipe \(i)")
    }
  }
}

/// GPTQ's rounding, which counts how often it is prepared for an input.
private final class CountingRounding: Rounding {
  private let calls = Mutex(0)

  var count: Int { calls.withLock(\.self) }

  func prepared(for input: RoundingInput, _ scheme: Scheme) throws(SolverError)
    -> any PreparedRounding
  {
    calls.withLock { $0 += 1 }
    return try NearestPlaneRounding().prepared(for: input, scheme)
  }
}

@Suite struct `A rounding` {
  /// How often a rounding is prepared for a stage of some Linears.
  private func preparations(linears: Int, outliers: OutlierRule?) throws -> Int {
    let rounding = CountingRounding()
    let recipe = try recipe(rounding, bits: 8, activations: .token, outliers: outliers)
    let weights = (0..<linears).map { Matrix.gaussian(20, columns, seed: UInt64($0)) }
    _ = try recipe.solve(StageProblem(weights, input: input))
    return rounding.count
  }

  @Test(arguments: [1, 2, 5])
  func `is prepared once for a stage, however many Linears it has`(linears: Int) throws {
    #expect(try preparations(linears: linears, outliers: nil) == 1)
    // Without the kept channels, and with them, to tell what keeping them did.
    #expect(try preparations(linears: linears, outliers: .largest(2)) == 2)
    // Where no channel stands out, none is kept.
    #expect(try preparations(linears: linears, outliers: .threshold(1e6)) == 1)
  }
}
