// The search for a migration strength, and the loss that it goes by, against the definition.

import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

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
    let fixed = try (0...10).map { try Smoothing.factors(Float($0) / 10, x, w) }
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
      #expect(chosen.map { chosen in fixed.contains { Smoothing.agree($0, chosen) } } == true)
    }
    let scheme = ActivationScheme(granularity: .token, symmetric: true)
    _ = try Smoothing.recipe(search, scheme).solve(Smoothing.stage(x, [w], InputScaling()))
  }

  @Test func `finds none where nothing can be gained`() throws {
    // No channel is larger than another: every strength gives the same factors, all of them one.
    let x = Matrix(rows: 8, columns: 16) { ($0 * $1) % 3 == 0 ? 1 : -1 }
    let w = Matrix(rows: 4, columns: 16) { ($0 + $1) % 5 == 0 ? 1 : -1 }
    let scheme = ActivationScheme(granularity: .token, symmetric: true)
    let solution = try Smoothing.recipe(SmoothQuant(.searched), scheme)
      .solve(Smoothing.stage(x, [w], InputScaling()))
    #expect(solution.factors == nil)
  }
}
