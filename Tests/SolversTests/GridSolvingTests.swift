import Hessian
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Solvers

private let schemes =
  Scheme.every(bits: [2, 3, 4], [.group(16), .group(32)])
  + Scheme.others(bits: [2, 4], tables: [.nf4], [.group(16)])

@Suite struct `A grid chosen inside the solve` {
  @Test(arguments: schemes)
  func `loses less than one chosen before it`(scheme: Scheme) throws {
    let problem = try DampedProblem(scheme)
    func total(_ range: GridRule.Range) throws -> Double {
      problem.errors(try problem.solved(range, scheme)).reduce(0, +)
    }
    let (inside, squared) = (try total(.solve), try total(.squaredError))
    // Levels of a table gain least: their ends are far apart already.
    #expect(inside < (scheme.points == .table(.nf4) ? 1 : 0.97) * squared)
  }

  @Test(arguments: schemes)
  func `can be stored, and its codes are those of its values`(scheme: Scheme) throws {
    let problem = try DampedProblem(scheme, rows: 17)
    let found = try problem.solved(.solve, scheme)
    for scale in found.grid.scales.elements {
      #expect(scale > 0 && FloatFormat.float16.rounded(scale) == scale)
    }
    #expect(found.codes.allSatisfy { Int($0) <= scheme.largestCode })
  }

  @Test func `keeps to Babai's bound where nothing is clipped`() throws {
    let scheme = try Scheme(bits: 8, symmetric: false, granularity: .group(16))
    let problem = try DampedProblem(scheme)
    let found = try problem.solved(.minMax, scheme)
    let factor = problem.plane.factor
    for (row, error) in problem.errors(found).enumerated() {
      // L ≤ ¼ Σ Dⱼ sⱼ²
      let bound = factor.order.indices.reduce(0) { sum, p in
        let scale = Double(found.grid.scales[row, factor.column(ofLine: p) / 16])
        return sum + factor.pivots[p] * scale * scale / 4
      }
      #expect(error <= bound)
    }
  }

  @Test func `is found in group-aware order only`() throws {
    let scheme = try Scheme(bits: 3, symmetric: true, granularity: .group(16))
    let problem = try DampedProblem(scheme)
    #expect(problem.plane.factor.visitsGroups(of: 16))
    let other = try NearestPlaneRounding(order: .activation).plane(
      for: RoundingInput(problem.input), scheme, method: "gptq")
    #expect(!other.factor.visitsGroups(of: 16))
    // Otherwise the rule falls back to the squared error, on the same codes.
    let rules = try [GridRule.Range.solve, .squaredError].map {
      try other.quantize(
        problem.weights, scheme: scheme, rule: GridRule(range: $0, scaleFormat: .float16),
        metric: .plain)
    }
    #expect(rules[0] == rules[1])
  }
}

@Suite struct `Weights beyond all scales` {
  @Test(arguments: schemes, [Float(1e30), .greatestFiniteMagnitude])
  func `are an error that names their group`(scheme: Scheme, size: Float) throws {
    let problem = try DampedProblem(scheme, rows: 20)
    var weights = problem.weights
    (weights[3, 40], weights[3, 41]) = (size, -size)
    let rule = GridRule(range: .solve, scaleFormat: .float16)
    #expect {
      try problem.plane.quantize(weights, scheme: scheme, rule: rule, metric: .plain)
    } throws: { error in
      guard case .scaleOverflow(row: 3, _, format: .float16)? = error as? GridError else {
        return false
      }
      return true
    }
  }
}

@Suite struct `The plane of one group` {
  private func plane(rows: Int, size: Int, seed: UInt64) throws -> GroupPlane<ZeroPointKernel> {
    let input = InputStatistics(of: .activations(tokens: 300, channels: size, seed: seed))
    let factor = try DampedFactor(of: input, order: .activation)
    let lines = factor.lines(of: .heavyTailed(rows, size, seed: seed), 0..<rows, width: rows)
    return GroupPlane(
      unitRows: factor.unitRows, pivots: factor.pivots.map { Float($0) },
      weights: (0..<rows / 16).flatMap { chunk in
        (0..<size).map { lines.row($0).lanes(at: 16 * chunk) }
      }, ZeroPointKernel(largestCode: 7))
  }

  /// Σ Dⱼ yⱼ² of the values, by definition.
  private func cost(
    _ plane: GroupPlane<ZeroPointKernel>, _ chunk: Int, _ lane: Int
  ) -> Double {
    (0..<plane.size).reduce(0) { sum, p in
      let y = (p..<plane.size).reduce(0.0) {
        let i = chunk * plane.size + $1
        return $0
          + Double(plane.metric.unitRows[p, $1])
          * Double(plane.weights[i][lane] - plane.values[i][lane])
      }
      return sum + Double(plane.metric.pivots[p]) * y * y
    }
  }

  @Test(arguments: [1, 7, 16, 33])
  func `knows its cost, and polishing never raises it`(size: Int) throws {
    let scheme = try Scheme(bits: 3, symmetric: false, granularity: .group(size))
    let encoding = SeparateEntries(scaleFormat: .float16)
    var plane = try plane(rows: 32, size: size, seed: 3)
    plane.searchRanges(encoding, scheme)
    var before = plane.costs
    for _ in 0..<3 {
      for chunk in 0..<plane.chunks {
        for lane in 0..<16 {
          let exact = cost(plane, chunk, lane)
          #expect(abs(Double(plane.costs[chunk][lane]) - exact) <= 1e-3 * exact + 1e-6)
        }
      }
      plane.polish(rounds: 1, encoding, scheme)
      for (now, then) in zip(plane.costs, before) {
        for lane in 0..<16 { #expect(now[lane] <= then[lane] * (1 + 1e-4)) }
      }
      before = plane.costs
    }
  }
}

@Suite struct `Coordinate descent` {
  @Test(arguments: schemes, [GridRule.Range.squaredError, .solve])
  func `never raises the error, from sweep to sweep`(
    scheme: Scheme, range: GridRule.Range
  ) throws {
    let problem = try DampedProblem(scheme)
    let rule = GridRule(range: range, scaleFormat: .float16)
    var before = problem.errors(try problem.solved(range, scheme))
    // Every second of three solves groups anew, if the range is found in the solve.
    for sweeps in 1...6 {
      let rounding = CoordinateDescentRounding(
        start: NearestPlaneRounding(order: .groupAware), sweeps: sweeps)
      let found = try rounding.prepared(for: RoundingInput(problem.input), scheme)
        .quantize(problem.weights, scheme: scheme, rule: rule, metric: .plain)
      let errors = problem.errors(found)
      for (now, then) in zip(errors, before) { #expect(now <= then * (1 + 1e-5)) }
      if sweeps < 3 { #expect(errors.reduce(0, +) < before.reduce(0, +)) }
      before = errors
    }
  }

  @Test func `ends lower where groups are solved anew`() throws {
    let scheme = try Scheme(bits: 2, symmetric: false, granularity: .group(16))
    let problem = try DampedProblem(scheme, rows: 64, columns: 96, seed: 3)
    let found = try problem.solved(.solve, scheme)
    let hessian = try #require(problem.input.calibration).damped(by: problem.plane.factor)
    let encoding = SeparateEntries(scaleFormat: .float16, smallestZeroPoint: 0)
    func error(_ factors: [GroupFactor?]) -> Double {
      let panel = DescentPanel(rows: 0..<64, hessian, encoding, factors, sweeps: 9)
      let solution = panel.improved(found, problem.weights)
      return problem.errors(
        QuantizedWeight(
          rows: 64, columns: 96,
          grid: Grid(
            scheme: scheme, groupSize: 16, scales: solution.scales, offsets: solution.offsets),
          codes: solution.codes)
      ).reduce(0, +)
    }
    let factors = (0..<6).map { GroupFactor(hessian, $0 * 16..<($0 + 1) * 16) }
    #expect(error(factors) < 0.995 * error([]))
  }

  @Test func `ends at most a tenth above the best of all codes`() throws {
    // Two bits and six columns: 4096 rows of codes, each tried with the scales that descent found.
    let scheme = try Scheme(bits: 2, symmetric: false, granularity: .channel)
    let problem = try DampedProblem(scheme, rows: 20, columns: 6)
    let found = try CoordinateDescentRounding(sweeps: 4)
      .prepared(for: RoundingInput(problem.input), scheme)
      .quantize(
        problem.weights, scheme: scheme,
        rule: GridRule(range: .squaredError, scaleFormat: .float16), metric: .plain)
    var best = [Double](repeating: .infinity, count: 20)
    for code in 0..<4096 {
      let row: [UInt8] = (0..<6).map { column in UInt8((code >> (2 * column)) & 3) }
      let codes = (0..<20).flatMap { _ in row }
      let other = QuantizedWeight(rows: 20, columns: 6, grid: found.grid, codes: codes)
      for (row, error) in problem.errors(other).enumerated() { best[row] = min(best[row], error) }
    }
    #expect(problem.errors(found).reduce(0, +) <= 1.1 * best.reduce(0, +))
  }
}
