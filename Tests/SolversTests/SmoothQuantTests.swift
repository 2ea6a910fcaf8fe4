// SmoothQuant: the paper's worked example, the ends of the migration strength, channels of zeros,
// shared factors, and what the search is judged by.

import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

private func stage(_ x: Matrix, _ weights: [Matrix], _ scaling: InputScaling) -> StageProblem {
  var statistics = InputStatistics(channels: x.columns)
  statistics.add(x)
  let input = LayerInput(calibration: statistics)
  return StageProblem(
    weights.enumerated().map { LayerProblem(name: "\($0)", weights: $1, input: input) },
    scaling: scaling)
}

private func recipe(
  _ transform: any Transform, _ activations: ActivationScheme? = nil, bits: Int = 8
) throws -> Recipe {
  Recipe(
    scheme: try Scheme(bits: bits, symmetric: true, granularity: .channel),
    gridRule: GridRule(range: .minMax, scaleFormat: .float32), rounding: NearestRounding(),
    transform: transform, activations: activations.map { ActivationRule($0) })
}

/// The factors of a fixed strength.
private func factors(
  _ alpha: Float, _ x: Matrix, _ weights: Matrix..., scaling: InputScaling = InputScaling()
) throws -> [Float] {
  try #require(
    try recipe(SmoothQuant(.fixed(alpha))).solve(stage: stage(x, weights, scaling)).factors)
}

/// Figure 5 of the paper: X, and W as it is written there, `[in, out]`.
private let x = Matrix(rows: 2, columns: 4, elements: [1, -16, 2, 6, -2, 8, -1, -9])
private let written: [Float] = [2, 1, -2, 1, -1, -1, 2, -1, -2, -1, -1, 1]
private let w = Matrix(rows: 3, columns: 4) { written[$1 * 3 + $0] }

private func agree(_ a: [Float], _ b: [Float]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * abs($1) }
}

@Suite struct `SmoothQuant's factors` {
  @Test func `are those of the paper's example`() throws {
    #expect(agree(try factors(0.5, x, w), [1, 4, 1, 3]))
  }

  @Test func `at the ends level one side alone`() throws {
    // α = 0: W·s has the maximum 1 in each column; α = 1: x/s has.
    #expect(agree(try factors(0, x, w), [0.5, 1, 0.5, 1]))
    #expect(agree(try factors(1, x, w), [2, 16, 2, 9]))
  }

  @Test func `know the rows of every Linear, and every token`() throws {
    let taller = Matrix(rows: 1, columns: 4, elements: [-8, 0, 0, 4])
    #expect(agree(try factors(0, x, w, taller), [0.125, 1, 0.5, 0.25]))
    #expect(agree(try factors(1, x.copy(rows: 1..<2), w), [2, 8, 1, 9]))
  }

  @Test(arguments: [0 as Float, 0.3, 0.5, 1])
  func `leave channels of zeros alone`(alpha: Float) throws {
    let (dead, still) = (x.zeroing(columns: [2]), w.zeroing(columns: [1]))
    let found = try factors(alpha, dead, still)
    #expect(found[2] == 1 && found[1] == 1)
    #expect(found[0] == (try factors(alpha, x, w))[0])
  }

  @Test func `are one where they are shared, from the largest of both sides`() throws {
    let shared = InputScaling(sharing: [0, 1, 0, 1])
    #expect(agree(try factors(1, x, w, scaling: shared), [2, 16, 2, 16]))
    #expect(agree(try factors(0, x, w, scaling: shared), [0.5, 1, 0.5, 1]))
    #expect(agree(try factors(0.5, x, w, scaling: shared), [1, 4, 1, 4]))
  }

  @Test func `are those that can be stored`() throws {
    let powers = InputScaling(storable: { $0.map { $0 < 2 ? 1 : 4 } })
    #expect(try factors(0.5, x, w, scaling: powers) == [1, 4, 1, 4])
  }

  @Test func `need statistics`() throws {
    let lonely = StageProblem(
      [LayerProblem(name: "a", weights: w, input: LayerInput())], scaling: InputScaling())
    for transform in [SmoothQuant(.fixed(0.5)), SmoothQuant(.searched)] {
      let error = #expect(throws: StageError.self) { try recipe(transform).solve(stage: lonely) }
      #expect(error?.description.hasPrefix("a: smoothquant needs calibration") == true)
    }
  }
}

/// A search, whose choice is then judged beside all that it had to choose from.
private struct WatchedSearch: Transform {
  let check:
    @Sendable (_ chosen: [Float]?, _ loss: ([Float]) throws(SolverError) -> Double)
      throws(SolverError) -> Void
  var mustImprove: Bool { false }

  func factors(
    for stage: StageProblem, _ scaling: InputScaling, _ trial: ScaleTrial
  ) throws(SolverError) -> [Float]? {
    let chosen = try SmoothQuant(.searched).factors(for: stage, scaling, trial)
    try check(chosen) { factors throws(SolverError) in try trial.loss(factors) }
    return chosen
  }
}

/// ‖Q(x/s) Q(W·diag s)ᵀ − x Wᵀ‖² for each token, for symmetric 8-bit tokens and rows.
private func textbookLoss(_ x: Matrix, _ w: Matrix, _ s: [Float]) -> Double {
  func rounded(_ m: DoubleMatrix, steps: Double) -> DoubleMatrix {
    DoubleMatrix(rows: m.rows, columns: m.columns) { i, j in
      let step = (0..<m.columns).map { abs(m[i, $0]) }.max().map { $0 / steps } ?? 1
      return max(-128, min(127, (m[i, j] / step).rounded(.toNearestOrEven))) * step
    }
  }
  let (x, w) = (DoubleMatrix(x), DoubleMatrix(w))
  let scaled = DoubleMatrix(rows: x.rows, columns: x.columns) { x[$0, $1] / Double(s[$1]) }
  let heavier = DoubleMatrix(rows: w.rows, columns: w.columns) { w[$0, $1] * Double(s[$1]) }
  let exact = x * w.transposed
  let found = rounded(scaled, steps: 127) * rounded(heavier, steps: 127.5).transposed
  return (exact - found).elements.reduce(0) { $0 + $1 * $1 } / Double(x.rows)
}

@Suite struct `The search for a migration strength` {
  @Test(arguments: [1 as UInt64, 2, 3])
  func `takes the best of them, or none, by the sampled tokens`(seed: UInt64) throws {
    // Two channels stand out, as those of language models do.
    let base = Matrix.gaussian(100, 32, seed: seed)
    let x = Matrix(rows: 100, columns: 32) { base[$0, $1] * ($1 == 5 || $1 == 20 ? 30 : 1) }
    let signed = Matrix.heavyTailed(24, 32, scale: 0.1, seed: seed + 10)
    // The largest weight of a row stands at a tie of its grid, which the grid's end decides where
    // it is positive.
    let w = Matrix(rows: 24, columns: 32) { abs(signed[$0, $1]) }
    let fixed = try (0...10).map { try factors(Float($0) / 10, x, w) }
    let none = [Float](repeating: 1, count: 32)
    let search = WatchedSearch { chosen, loss throws(SolverError) in
      let least = try loss(chosen ?? none)
      for factors in fixed + [none] {
        let other = try loss(factors)
        #expect(least <= other)
        #expect(abs(other / textbookLoss(x, w, factors) - 1) < 2e-3)
      }
      let plain = try loss(none)
      #expect(least < 0.5 * plain)
      #expect(chosen.map { chosen in fixed.contains { agree($0, chosen) } } == true)
    }
    let scheme = ActivationScheme(granularity: .token, symmetric: true)
    _ = try recipe(search, scheme).solve(stage: stage(x, [w], InputScaling()))
  }

  @Test func `finds none where nothing can be gained`() throws {
    // No channel is larger than another: every strength gives the same factors, all of them one.
    let x = Matrix(rows: 8, columns: 16) { ($0 * $1) % 3 == 0 ? 1 : -1 }
    let w = Matrix(rows: 4, columns: 16) { ($0 + $1) % 5 == 0 ? 1 : -1 }
    let scheme = ActivationScheme(granularity: .token, symmetric: true)
    let solution = try recipe(SmoothQuant(.searched), scheme)
      .solve(stage: stage(x, [w], InputScaling()))
    #expect(solution.factors == nil)
  }
}
