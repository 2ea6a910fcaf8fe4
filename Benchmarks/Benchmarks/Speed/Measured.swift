import Benchmark
import PTQ

/// Work with a known number of floating-point operations.
enum Measured {
  /// The rate of the work.
  static let rate = BenchmarkMetric.custom("GFLOP/s", polarity: .prefersLarger)
  /// The rate as a share of what this machine reaches in the product of two large matrices in float32.
  static let share = BenchmarkMetric.custom("% of sgemm", polarity: .prefersLarger)

  /// Operations per second of a product of 4096 x 4096 matrices in float32: the best of five.
  static let peak: Double = {
    let (a, b) = (Matrix.noise(4096, 4096, seed: 1), Matrix.noise(4096, 4096, seed: 2))
    let times = (0..<5).map { _ in seconds { blackHole(Matrix.product(a, transposed: b)) } }
    return 2 * 4096 * 4096 * 4096 / (times.min() ?? 1)
  }()

  /// The time that a closure takes.
  static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let time = try clock.measure(body).components
    return Double(time.seconds) + Double(time.attoseconds) * 1e-18
  }
}

/// A result that is not what its definition says, so that its time means nothing.
struct WrongResult: Error {}

/// Registers a benchmark.
///
/// Its input is made, and its result compared with the definition, once before it is timed.
///
/// - Parameters:
///   - name: what is measured.
///   - flops: the number of floating-point operations; nil where that says nothing.
///   - input: makes what the work is done on.
///   - isRight: whether the result is that of the definition.
///   - body: the work.
func measure<Input>(
  _ name: String, flops: Double? = nil, on input: @escaping () throws -> Input,
  isRight: @escaping (Input) throws -> Bool, _ body: @escaping (Input) throws -> Void
) {
  let metrics: [BenchmarkMetric] =
    flops == nil
    ? [.wallClock, .cpuTotal] : [.wallClock, .cpuTotal, Measured.rate, Measured.share]
  Benchmark(
    name, configuration: .init(metrics: metrics),
    closure: { (benchmark: Benchmark, input: Input) in
      let seconds = try Measured.seconds { try body(input) }
      guard let flops else { return }
      benchmark.measurement(Measured.rate, Int(flops / seconds / 1e9))
      benchmark.measurement(Measured.share, Int(100 * flops / seconds / Measured.peak))
    },
    setup: {
      let input = try input()
      guard try isRight(input) else { throw WrongResult() }
      if flops != nil { _ = Measured.peak }
      return input
    })
}

extension Matrix {
  /// Numbers between −1 and 1 that do not change from run to run.
  static func noise(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return Matrix(rows: rows, columns: columns) { _, _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
    }
  }

  /// Whether some elements of a product are, within a bound, sums of products in double precision.
  func isProduct(
    within bound: Double, of length: Int, _ factors: (Int, Int, Int) -> (Float, Float)
  ) -> Bool {
    (0..<16).allSatisfy { i in
      let (row, column) = (i * 7919 % rows, i * 104_729 % columns)
      let sum = (0..<length).reduce(0.0) { sum, k in
        let (a, b) = factors(row, column, k)
        return sum + Double(a) * Double(b)
      }
      return abs(Double(self[row, column]) - sum) < bound * Double(length).squareRoot()
    }
  }
}
