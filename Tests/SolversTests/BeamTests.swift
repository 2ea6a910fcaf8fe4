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
  /// The codes and costs of the beam alone, without those of its start.
  fileprivate func searched(
    on grid: Grid, width: Int, branches: Int = 2
  ) -> (found: QuantizedWeight, costs: [Float]) {
    let solution = BeamPanel(
      rows: 0..<weights.rows, grid, plane.factor, width: width, branches: branches
    ).solved(weights)
    let found = QuantizedWeight(
      rows: weights.rows, columns: weights.columns, grid: grid, codes: solution.codes)
    return (found, solution.costs)
  }

  /// A grid chosen before the solve.
  fileprivate func grid(_ scheme: Scheme) throws -> Grid {
    try GridRule(range: .squaredError, scaleFormat: .float16).grid(for: weights, scheme: scheme)
  }

  /// U, UᵀU = (H + λI)⁻¹, in visiting order.
  fileprivate var upper: DoubleMatrix {
    hessian.reordered(by: plane.factor.order).inverse.cholesky.transposed
  }
}

@Suite struct `A beam` {
  @Test(arguments: schemes)
  func `of one path is nearest plane`(scheme: Scheme) throws {
    let problem = try DampedProblem(scheme)
    let grid = try problem.grid(scheme)
    let (found, _) = problem.searched(on: grid, width: 1)
    let plane = problem.plane.round(problem.weights, on: grid)
    let textbook = TextbookGPTQ(
      problem.weights, upper: problem.upper, order: problem.plane.factor.order, grid: grid)
    var agreement = Agreement()
    agreement.compare(found.codes, textbook, columns: 96, "\(scheme)")
    for (row, margin) in textbook.margins.enumerated() where margin >= 1e-4 {
      #expect(found.codes[row * 96..<(row + 1) * 96] == plane.codes[row * 96..<(row + 1) * 96])
    }
    #expect(agreement.compared >= 30)
  }

  // Three blocks of columns, so that paths part in one and end in another.
  @Test(arguments: schemes, [(3, 2), (8, 3), (20, 2)])
  func `finds what its definition finds`(scheme: Scheme, size: (width: Int, branches: Int)) throws {
    let problem = try DampedProblem(scheme, rows: 9, columns: 144, seed: 7)
    let grid = try problem.grid(scheme)
    let (found, costs) = problem.searched(
      on: grid, width: size.width, branches: size.branches)
    let textbook = TextbookBeam(
      problem.weights, upper: problem.upper, order: problem.plane.factor.order, grid: grid,
      width: size.width, branches: size.branches)
    let errors = problem.errors(found)
    for row in 0..<9 {
      #expect(abs(Double(costs[row]) - errors[row]) <= 1e-3 * errors[row])
    }
    // Paths of almost the same cost may change places in float32.
    let same = (0..<9).count {
      found.codes[$0 * 144..<($0 + 1) * 144] == textbook.codes[$0 * 144..<($0 + 1) * 144]
    }
    #expect(same >= 7)
    let (total, expected) = (errors.reduce(0, +), textbook.losses.reduce(0, +))
    #expect(abs(total - expected) <= 0.01 * expected)
  }

  @Test(arguments: [true, false])
  func `that holds all paths finds the best of all codes`(symmetric: Bool) throws {
    // Two bits and six columns: 4096 rows of codes, of which the last column needs no path.
    let scheme = try Scheme(bits: 2, symmetric: symmetric, granularity: .channel)
    let problem = try DampedProblem(scheme, rows: 6, columns: 6, seed: 3)
    let (found, _) = problem.searched(on: try problem.grid(scheme), width: 1024, branches: 4)
    var best = [Double](repeating: .infinity, count: 6)
    for code in 0..<4096 {
      let row: [UInt8] = (0..<6).map { column in UInt8((code >> (2 * column)) & 3) }
      let other = QuantizedWeight(
        rows: 6, columns: 6, grid: found.grid, codes: (0..<6).flatMap { _ in row })
      for (row, error) in problem.errors(other).enumerated() { best[row] = min(best[row], error) }
    }
    for (error, least) in zip(problem.errors(found), best) { #expect(error <= least * (1 + 1e-6)) }
  }

  @Test(arguments: schemes, [GridRule.Range.squaredError, .solve])
  func `keeps the grid and never raises the error of a row, nor does a wider one`(
    scheme: Scheme, range: GridRule.Range
  ) throws {
    let problem = try DampedProblem(scheme, rows: 100, columns: 80)
    let rule = GridRule(range: range, scaleFormat: .float16)
    let start = try problem.solved(range, scheme)
    var before = problem.errors(start)
    for (width, share) in [(1, 1.0), (8, 0.98)] {
      let rounding = BeamRounding(
        start: NearestPlaneRounding(order: .groupAware), width: width)
      let found = try rounding.prepared(for: RoundingInput(problem.input), scheme)
        .quantize(problem.weights, scheme: scheme, rule: rule, metric: .plain)
      #expect(found.grid == start.grid)
      let errors = problem.errors(found)
      for (now, then) in zip(errors, before) { #expect(now <= then * (1 + 1e-5)) }
      #expect(errors.reduce(0, +) <= share * (1 + 1e-5) * before.reduce(0, +))
      before = errors
    }
  }

  @Test func `has no more branches than there are points`() throws {
    let scheme = try Scheme(bits: 2, symmetric: false, granularity: .group(16))
    let problem = try DampedProblem(scheme, rows: 5, columns: 32)
    let grid = try problem.grid(scheme)
    let all = problem.searched(on: grid, width: 8, branches: 4)
    let more = problem.searched(on: grid, width: 8, branches: 9)
    #expect(all.found == more.found && all.costs == more.costs)
  }

  @Test func `survives sums that overflow`() throws {
    let scheme = try Scheme(bits: 3, symmetric: false, granularity: .group(16))
    let problem = try DampedProblem(scheme, rows: 5, columns: 80)
    var weights = problem.weights
    for j in 0..<80 { weights[2, j] = j % 2 == 0 ? 3e38 : -3e38 }
    let found = BeamPanel(
      rows: 0..<5, try problem.grid(scheme), problem.plane.factor, width: 8, branches: 2
    ).solved(weights)
    #expect(found.codes.count == 400 && found.codes.allSatisfy { $0 <= 7 })
  }
}
