import Benchmark
import PTQ

/// Second moments on each engine, and the factor of a Hessian.
func measureStatistics() {
  for engine in ProductEngine.allCases where engine.problem == nil {
    for channels in [1536, 4096] {
      measure(
        "second moment 2048 x \(channels), \(engine)", flops: 2048 * Double(channels * channels),
        on: { Matrix.noise(2048, channels, seed: 3) },
        isRight: { x in secondMoment(of: x, on: engine).isSecondMoment(of: x, on: engine) },
        { x in blackHole(secondMoment(of: x, on: engine)) })
    }
  }
  for channels in [1536, 4096] {
    measure(
      "factor \(channels)", flops: Double(channels * channels * channels) / 3,
      on: { InputStatistics.noise(channels: channels) },
      isRight: { try DampedFactor(of: $0, order: .natural).isFactor(of: $0) },
      { blackHole(try DampedFactor(of: $0, order: .natural)) })
  }
}

private func secondMoment(of x: Matrix, on engine: ProductEngine) -> Matrix {
  var sum = Matrix(rows: x.columns, columns: x.columns)
  sum.addSecondMoment(of: x, on: engine)
  return sum
}

extension Matrix {
  fileprivate func isSecondMoment(of x: Matrix, on engine: ProductEngine) -> Bool {
    (0..<16).allSatisfy { i in
      let (row, column) = (i, x.columns - 1 - 31 * i)
      let exact = (0..<x.rows).reduce(0.0) { $0 + Double(x[$1, row]) * Double(x[$1, column]) }
      return abs(Double(self[row, column]) - exact) < (engine == .float32 ? 0.01 : 1)
    }
  }
}

extension DampedFactor {
  /// Whether some elements of RᵀR are those of the damped Hessian.
  fileprivate func isFactor(of statistics: InputStatistics) -> Bool {
    let n = order.count
    let hessian = statistics.block(0..<n)
    let ridge = damping * (0..<n).reduce(0.0) { $0 + Double(hessian[$1, $1]) } / Double(n)
    return (0..<16).allSatisfy { i in
      let (p, q) = (i * 13 % n, i * 101 % n)
      let product = (0...min(p, q)).reduce(0.0) {
        $0 + pivots[$1] * Double(unitRows[$1, p]) * Double(unitRows[$1, q])
      }
      let element = Double(hessian[order[n - 1 - p], order[n - 1 - q]]) + (p == q ? ridge : 0)
      return abs(product - element) < 1e-4 * Double(hessian[0, 0])
    }
  }
}

extension InputStatistics {
  /// Statistics of inputs whose neighbours resemble each other, as those of models do.
  static func noise(channels: Int, tokens: Int? = nil, on engine: ProductEngine = .float32)
    -> InputStatistics
  {
    var statistics = InputStatistics(channels: channels)
    statistics.add(.inputs(tokens ?? 2 * channels, channels), on: engine)
    return statistics
  }
}

extension Matrix {
  /// Inputs whose neighbours resemble each other.
  static func inputs(_ tokens: Int, _ channels: Int) -> Matrix {
    var x = Matrix.noise(tokens, channels, seed: 5)
    for row in 0..<x.rows {
      for column in 1..<channels { x[row, column] += 0.7 * x[row, column - 1] }
    }
    return x
  }
}
