import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

@Suite(.serialized) struct `The number of threads` {
  /// The value of a computation on a number of threads.
  private func onThreads<Value>(_ count: Int, _ body: () throws -> Value) rethrows -> Value {
    let before = Threads.count
    defer { Threads.setCount(before) }
    Threads.setCount(count)
    return try body()
  }

  @Test(arguments: RoundingMethod.all.map(\.name), [1, 17, 100])
  func `does not change a solution`(method: String, rows: Int) throws {
    let method = try #require(RoundingMethod.all.first { $0.name == method })
    let weights = Matrix.heavyTailed(rows, 160, scale: 0.02, seed: 1)
    let activations = Matrix.activations(tokens: 512, channels: 160, seed: 2)
    let recipe = Recipe(
      scheme: try Scheme(bits: 4, symmetric: false, granularity: .group(32)),
      gridRule: GridRule(range: .squaredError, scaleFormat: .bfloat16),
      rounding: method.make(MethodOptions()))
    func solve() throws -> LinearSolution {
      try recipe.solve(
        LinearProblem(name: "test", weights: weights),
        input: CalibratedInput(calibration: InputStatistics(of: activations)))
    }
    let alone = try onThreads(1, solve)
    for threads in [2, 3] {
      let together = try onThreads(threads, solve)
      #expect(together.quantized == alone.quantized)
      #expect(together.conditioning == alone.conditioning)
      #expect(together.error == alone.error)
    }
  }
}
