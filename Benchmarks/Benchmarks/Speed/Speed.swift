// How fast the parts are. Each is compared with its definition before it is timed.

import Benchmark
import PTQ

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    warmupIterations: 1, maxDuration: .seconds(3), maxIterations: 20)
  measureProducts()
  measureStatistics()
  measureRoundings()
  measureGrids()
  measureModel()
}
