import Hessian
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Solvers

private let schemes =
  Scheme.every(bits: [2, 3, 4], [.channel, .group(16)])
  + Scheme.others(bits: [2, 4], tables: [.nf4], [.group(16)])

extension DampedProblem {
  fileprivate func learned(
    _ range: GridRule.Range, _ scheme: Scheme, iterations: Int
  ) throws -> QuantizedWeight {
    try SignGradientRounding(
      start: NearestPlaneRounding(order: .groupAware), iterations: iterations
    ).prepared(for: RoundingInput(input), scheme).quantize(
      weights, scheme: scheme, rule: GridRule(range: range, scaleFormat: .float16), metric: .plain)
  }
}

@Suite struct `Rounding learned by signs` {
  @Test(arguments: schemes, [GridRule.Range.squaredError, .solve])
  func `never raises the error of a row`(scheme: Scheme, range: GridRule.Range) throws {
    let problem = try DampedProblem(scheme, rows: 100, columns: 80)
    let start = try problem.solved(range, scheme)
    let before = problem.errors(start)
    let found = try problem.learned(range, scheme, iterations: 60)
    #expect(found.grid == start.grid)
    let errors = problem.errors(found)
    for (now, then) in zip(errors, before) { #expect(now <= then * (1 + 1e-5)) }
    #expect(errors.reduce(0, +) < before.reduce(0, +))
    // V reaches the next code at most.
    for (now, then) in zip(found.codes, start.codes) { #expect(abs(Int(now) - Int(then)) <= 1) }
  }

  @Test(arguments: schemes)
  func `without steps is its start`(scheme: Scheme) throws {
    let problem = try DampedProblem(scheme, rows: 19)
    for range in [GridRule.Range.squaredError, .solve] {
      #expect(
        try problem.learned(range, scheme, iterations: 0) == problem.solved(range, scheme))
    }
  }

  @Test func `follows the gradient of its loss`() throws {
    let scheme = try Scheme(bits: 3, symmetric: false, granularity: .group(16))
    let problem = try DampedProblem(scheme, rows: 16, columns: 32)
    let lines = SignGradientLines(
      0..<16, try problem.solved(.squaredError, scheme), problem.weights,
      ZeroPointKernel(largestCode: 7))
    let hessian = Matrix(rows: 32, columns: 32) { Float(problem.hessian[$0, $1]) }
    var state = SignGradientState(
      lines, hessian, shares: lines.targetShares(problem.plane.factor))
    // Ŵ off the grid.
    state.errors = .gaussian(32, 16, scale: 0.02, seed: 5)
    state.measure()

    func loss(_ d: [Double]) -> Double {
      (0..<32).reduce(0) { sum, i in
        sum + (0..<32).reduce(0) { $0 + d[i] * problem.hessian[i, $1] * d[$1] }
      }
    }
    for row in [0, 7, 15] {
      let d = (0..<32).map { Double(state.errors[$0, row]) }
      #expect(abs(Double(state.losses[0][row]) - loss(d)) <= 1e-4 * loss(d))
      for j in 0..<32 {
        var (up, down) = (d, d)
        up[j] += 1e-4
        down[j] -= 1e-4
        let slope = (loss(up) - loss(down)) / 2e-4
        #expect(abs(2 * Double(state.slopes[j, row]) - slope) <= 1e-4 * (abs(slope) + 0.1))
      }
    }
  }

  @Test func `stops where no single code lowers the error`() throws {
    // With independent inputs every code has its own best, which nearest plane finds.
    let scheme = try Scheme(bits: 3, symmetric: false, granularity: .channel)
    var moment = InputStatistics(channels: 8)
    moment.add(Matrix(rows: 8, columns: 8) { $0 == $1 ? 1 : 0 })
    let weights = Matrix.heavyTailed(5, 8, scale: 0.02, seed: 2)
    let rule = GridRule(range: .minMax, scaleFormat: .float16)
    let input = RoundingInput(CalibratedInput(calibration: moment))
    let found = try SignGradientRounding().prepared(for: input, scheme)
      .quantize(weights, scheme: scheme, rule: rule, metric: .plain)
    #expect(found == QuantizedWeight(nearest: weights, on: found.grid))
  }
}
