import Benchmark
import PTQ

/// One Linear by each rounding; and one as wide as those of 7B models, with the statistics of its 16,384 tokens.
func measureRoundings() {
  for method in Catalog().roundings {
    measure(
      "solve 1536 x 1536, \(method.name)",
      on: { (try Problem(1536, 1536), InputStatistics.noise(channels: 1536)) },
      isRight: { problem, statistics in
        problem.isRight(try problem.solved(by: method, statistics), statistics)
      },
      { problem, statistics in blackHole(try problem.solved(by: method, statistics)) })
  }
  for engine in ProductEngine.allCases where engine.problem == nil {
    for rows in [1024, 4096] {
      measure(
        "Hessian of 16,384 tokens and gptq, \(rows) x 4096, \(engine)",
        flops: 16_384 * 4096 * 4096 + Double(rows) * 4096 * 4096,
        on: { (try Problem(rows, 4096), Matrix.inputs(16_384, 4096)) },
        isRight: { problem, x in
          let (solution, statistics) = try problem.solved(from: x, on: engine)
          return problem.isRight(solution, statistics)
        },
        { problem, x in blackHole(try problem.solved(from: x, on: engine)) })
    }
  }
}

private struct Problem {
  private let linear: LinearProblem
  private let scheme: Scheme

  init(_ rows: Int, _ columns: Int) throws {
    linear = LinearProblem(name: "linear", weights: .noise(rows, columns, seed: 7))
    scheme = try Scheme(bits: 4, symmetric: false, granularity: .group(64))
  }

  func solved(by method: RoundingMethod, _ statistics: InputStatistics) throws -> LinearSolution {
    try recipe(method.make(MethodOptions()))
      .solve(linear, input: CalibratedInput(calibration: statistics))
  }

  /// The statistics of some inputs, and what GPTQ makes of them.
  func solved(
    from x: Matrix, on engine: ProductEngine
  ) throws -> (LinearSolution, InputStatistics) {
    var statistics = InputStatistics(channels: x.columns)
    statistics.add(x, on: engine)
    let input = CalibratedInput(calibration: statistics, engine: engine)
    return (try recipe(NearestPlaneRounding()).solve(linear, input: input), statistics)
  }

  private func recipe(_ rounding: any Rounding) -> Recipe {
    Recipe(
      scheme: scheme, gridRule: GridRule(range: .squaredError, scaleFormat: .float16),
      rounding: rounding)
  }

  /// Whether the reported error is tr(D H Dᵀ) / tr(W H Wᵀ), D = Ŵ − W, on some rows, within what others may differ.
  func isRight(_ solution: LinearSolution, _ statistics: InputStatistics) -> Bool {
    let (weights, stored) = (linear.weights, solution.quantized.dequantized())
    let hessian = statistics.block(0..<statistics.channels)
    func energy(_ row: [Float]) -> Double {
      row.indices.reduce(0.0) { sum, i in
        sum + Double(row[i])
          * row.indices.reduce(0.0) { $0 + Double(hessian[i, $1]) * Double(row[$1]) }
      }
    }
    let sums = stride(from: 0, to: weights.rows, by: max(128, weights.rows / 4)).map { row in
      let exact = (0..<weights.columns).map { weights[row, $0] }
      return (energy(exact.indices.map { stored[row, $0] - exact[$0] }), energy(exact))
    }
    let found = sums.reduce(0) { $0 + $1.0 } / sums.reduce(0) { $0 + $1.1 }
    return solution.error.calibration.map { abs($0 - found) < 0.3 * found } ?? false
  }
}
