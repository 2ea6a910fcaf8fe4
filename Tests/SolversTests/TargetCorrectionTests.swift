import Hessian
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Solvers

/// Tokens in two models, and a Linear that reads them.
private struct Mismatched {
  let x: Matrix
  let reference: Matrix
  let weights: Matrix
  let input: CalibratedInput

  init(tokens: Int = 512, channels n: Int = 24, rows: Int = 10, seed: UInt64 = 1) {
    func pair(_ seed: UInt64) -> (Matrix, Matrix) {
      let x = Matrix.activations(tokens: tokens, channels: n, seed: seed)
      // Mostly a linear function of x, as the error of earlier Linears is, and some noise.
      var other = Matrix.product(x, transposed: .gaussian(n, n, scale: 0.1, seed: 77))
      other.add(.gaussian(tokens, n, scale: 0.2, seed: seed + 50))
      other.add(x)
      return (x, other)
    }
    let (learning, judging) = (pair(seed), pair(seed + 1))
    (x, reference) = judging
    weights = .gaussian(rows, n, seed: 3)
    func statistics(
      _ pair: (Matrix, Matrix), _ parts: InputStatistics.Parts
    ) -> InputStatistics {
      var result = InputStatistics(channels: n, collecting: parts)
      result.add(pair.0, reference: pair.1)
      return result
    }
    input = CalibratedInput(
      calibration: statistics(learning, .mismatch), heldOut: statistics(judging, .deviation))
  }

  func corrected(_ correction: TargetCorrection) throws -> StageProblem.Group {
    try correction.corrected(
      StageProblem.Group([LinearProblem(name: "0", weights: weights)], input: input),
      RoundingInput(input), for: recipe())
  }

  /// Σ ‖W x̃ − M x‖² over the held-out tokens.
  func distance(_ other: Matrix) -> Double {
    let exact = DoubleMatrix(reference) * DoubleMatrix(weights).transposed
    let found = DoubleMatrix(x) * DoubleMatrix(other).transposed
    return (exact - found).elements.reduce(0) { $0 + $1 * $1 }
  }
}

/// What is done with corrected targets.
private func recipe() throws -> Recipe {
  Recipe(
    scheme: try Scheme(bits: 4, symmetric: true, granularity: .channel),
    gridRule: GridRule(range: .minMax, scaleFormat: .float32), rounding: NearestPlaneRounding())
}

@Suite struct `A corrected target` {
  @Test func `is the least-squares fit to the full-precision output`() throws {
    let problem = Mismatched()
    // Judged on the tokens it was fitted to, no other weights come nearer.
    let same = CalibratedInput(calibration: problem.input.heldOut)
    let group = try TargetCorrection(.fixed(1), damping: Damping(share: 1e-7)).corrected(
      StageProblem.Group([LinearProblem(name: "0", weights: problem.weights)], input: same),
      RoundingInput(same), for: recipe())
    let target = group.linears[0].target
    let least = problem.distance(target)
    #expect(least < 0.5 * problem.distance(problem.weights))
    var generator = SplitMix64(seed: 5)
    for _ in 0..<50 {
      var other = target
      other[generator.integer(in: 0..<10), generator.integer(in: 0..<24)] +=
        generator.uniform() < 0.5 ? -0.01 : 0.01
      #expect(problem.distance(other) > least)
    }
  }

  @Test(arguments: [ColumnOrder.natural, .activation])
  func `is GPTAQ's where that is asked for`(order: ColumnOrder) throws {
    let problem = Mismatched(channels: 12)
    let statistics = try #require(problem.input.calibration)
    let factor = try DampedFactor(of: statistics, order: order)
    let cross = DoubleMatrix(try #require(statistics.crossMoment))
    // The definition, in the order of visits.
    let upper = TextbookGPTQ.inverseFactor(
      of: DoubleMatrix(statistics.block(0..<12)), damping: 0.01, order: factor.order)
    var inner = cross.reordered(by: factor.order) * upper.transposed
    for i in 0..<12 { for j in 0...i { inner[i, j] = 0 } }
    let exact = inner * upper
    let found = factor.laterShare(of: try #require(statistics.crossMoment))
    for i in 0..<12 {
      for j in 0..<12 {
        let difference = Double(found[factor.order[i], factor.order[j]]) - exact[i, j]
        #expect(abs(difference) < 1e-5, "\(i), \(j)")
      }
    }
  }

  @Test func `takes the share that held-out tokens like best`() throws {
    let problem = Mismatched()
    let group = try problem.corrected(TargetCorrection(.heldOut))
    let share = try #require(group.correction)
    #expect((0...1).contains(share))
    let best = problem.distance(group.linears[0].target)
    for other in [0, 0.25, 0.5, 0.75, 1] as [Float] {
      let fixed = try problem.corrected(TargetCorrection(.fixed(other)))
      #expect(problem.distance(fixed.linears[0].target) >= best * (1 - 1e-6), "\(other)")
    }
  }

  @Test func `is left alone where there is no mismatch to correct`() throws {
    let x = Matrix.activations(tokens: 64, channels: 8, seed: 1)
    let input = CalibratedInput(calibration: InputStatistics(of: x))
    let group = StageProblem.Group(
      [LinearProblem(name: "0", weights: .gaussian(3, 8, seed: 2))], input: input)
    let same = try TargetCorrection(.fixed(1)).corrected(group, RoundingInput(input), for: recipe())
    #expect(same.linears[0].target == group.linears[0].weights)
    #expect(same.correction == nil)
  }

  @Test func `brings a quantized Linear nearer to the full-precision output`() throws {
    let problem = Mismatched(channels: 64, rows: 32)
    func solve(_ correction: TargetCorrection?) throws -> LinearSolution {
      try Recipe(
        scheme: Scheme(bits: 4, symmetric: false, granularity: .group(16)),
        gridRule: GridRule(range: .squaredError, scaleFormat: .float16),
        rounding: NearestPlaneRounding(), correction: correction
      ).solve(LinearProblem(name: "0", weights: problem.weights), input: problem.input)
    }
    let (plain, corrected) = (try solve(nil), try solve(TargetCorrection()))
    let errors = (try #require(plain.error.stream), try #require(corrected.error.stream))
    #expect(errors.1 < 0.7 * errors.0)
    let exact = DoubleMatrix(problem.reference) * DoubleMatrix(problem.weights).transposed
    let energy = exact.elements.reduce(0) { $0 + $1 * $1 }
    for (solution, error) in [(plain, errors.0), (corrected, errors.1)] {
      let measured = problem.distance(solution.quantized.dequantized()) / energy
      #expect(abs(error - measured) <= 1e-3 * measured, "\(error), measured \(measured)")
    }
  }
}
