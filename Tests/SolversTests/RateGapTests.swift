import Glibc
import Hessian
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Solvers

/// Gaussian rows on the best evenly spaced points for them, in the metric of a given Hessian.
private func gap(
  bits: Int, step: Float, size: Float = 1, hessian: Matrix
) throws -> (gap: RateGap, loss: Double) {
  try gap(bits: bits, step: step, size: size, of: InputStatistics(secondMoment: hessian))
}

private func gap(
  bits: Int, step: Float, size: Float = 1, of input: InputStatistics
) throws -> (gap: RateGap, loss: Double) {
  let n = input.channels
  let weights = Matrix.gaussian(200, n, scale: Double(size), seed: 9)
  let scheme = try Scheme(bits: bits, points: .offset, granularity: .channel)
  let scale = step * size
  let grid = Grid(
    scheme: scheme, groupSize: n, scales: Matrix(rows: 200, columns: 1) { _, _ in scale },
    offsets: Matrix(rows: 200, columns: 1) { _, _ in -scale * Float(1 << bits - 1) / 2 })
  let found = QuantizedWeight(nearest: weights, on: grid)
  let factor = try DampedFactor(of: input, order: .natural, damping: RateGap.damping)
  var moment = Matrix(rows: n, columns: n)
  moment.addSecondMoment(of: found.dequantized().difference(to: weights))
  let loss = input.trace(withUpper: moment)
  return (
    try #require(RateGap(weights, found, loss: loss, factor, of: input, bitsPerGroup: 32)), loss
  )
}

@Suite struct `The distance to the limit` {
  /// Max 1960, Quantizing for minimum distortion, table II: the steps and distortions of the best
  /// uniform quantizers of a standard normal variable.
  @Test(arguments: [(2, 0.9957, 0.1188), (3, 0.5860, 0.03744), (4, 0.3352, 0.01154)])
  func `is that of Max's uniform quantizers for Gaussian weights`(
    bits: Int, step: Float, distortion: Double
  ) throws {
    let identity = Matrix(rows: 256, columns: 256) { $0 == $1 ? 1 : 0 }
    let exact = 0.5 * log2(distortion) + Double(bits)
    for size in [1, 0.02] as [Float] {
      let found = try gap(bits: bits, step: step, size: size, hessian: identity).gap
      #expect(abs(found.gap - exact) < 0.02, "\(found.gap), expected \(exact)")
      #expect(abs(found.total - found.gap - 32.0 / 256) < 1e-9)
      let causes = try #require(found.causes)
      #expect(abs(causes.order) < 1e-4)
      #expect(abs(causes.cell - 0.2546) < 1e-4)
    }
  }

  @Test(arguments: [2, 3, 4, 8])
  func `is the sum of its causes`(bits: Int) throws {
    let x = Matrix.activations(tokens: 600, channels: 96, seed: 3)
    let input = InputStatistics(of: x)
    let (found, _) = try gap(
      bits: bits, step: 6 / Float(1 << bits), hessian: input.block(0..<96))
    let causes = try #require(found.causes)
    #expect(
      abs(causes.order + causes.cell + causes.loading + causes.clipping - found.gap) < 1e-9)
    #expect(causes.order > 0)
  }

  @Test func `does not depend on the sizes of inputs and weights`() throws {
    let input = InputStatistics(of: .activations(tokens: 600, channels: 64, seed: 4))
    var large = input.block(0..<64)
    large.multiply(by: 1024)
    let a = try gap(bits: 3, step: 0.6, hessian: input.block(0..<64)).gap
    let b = try gap(bits: 3, step: 0.6, size: 8, hessian: large).gap
    #expect(abs(a.gap - b.gap) < 1e-4)
  }

  @Test(arguments: [(2, 0.9957, 0.1188), (4, 0.3352, 0.01154)])
  func `counts only the directions that inputs take`(
    bits: Int, step: Float, distortion: Double
  ) throws {
    // Half of the channels cost nothing, so a code would spend twice the bits on the others.
    let half = Matrix(rows: 256, columns: 256) { $0 == $1 && $0 < 128 ? 1 : 0 }
    let exact = Double(bits) - 0.5 * 0.5 * log2(1 / distortion)
    let found = try gap(bits: bits, step: step, hessian: half).gap
    #expect(abs(found.gap - exact) < 0.02, "\(found.gap), expected \(exact)")
    #expect(found.causes == nil)
  }

  @Test func `is the same by determinant and by water-filling where no direction is under water`()
    throws
  {
    let few = InputStatistics(of: .activations(tokens: 600, channels: 64, seed: 5))
    let byWater = try gap(bits: 6, step: 0.08, of: few).gap
    let byDeterminant = try gap(bits: 6, step: 0.08, hessian: few.block(0..<64)).gap
    #expect(byWater.causes == nil && byDeterminant.causes != nil)
    #expect(abs(byWater.gap - byDeterminant.gap) < 0.005)
    #expect(abs(byWater.total - byDeterminant.total) < 0.005)
  }

  @Test func `of GPTQ is about what the literature finds`() throws {
    let recipe = Recipe(
      scheme: try Scheme(bits: 4, symmetric: false, granularity: .group(16)),
      gridRule: GridRule(range: .squaredError, scaleFormat: .float16),
      rounding: NearestPlaneRounding())
    let input = CalibratedInput(
      calibration: InputStatistics(of: .activations(tokens: 600, channels: 32, seed: 5)))
    let solution = try StageSession(StageProblem([.gaussian(8, 32, seed: 6)], input: input))
      .solve(recipe, measuringRows: true).linears[0]
    #expect((0.3...1.2).contains(try #require(solution.gap).gap))
  }
}

@Suite struct `Reverse water-filling` {
  @Test func `gives equal variances equal bits`() {
    let rate = WaterFilling.rate([4, 4, 4], distortion: 3 * 4 / 64)
    #expect(abs(rate - 3) < 1e-12)
  }

  @Test(arguments: [0.05, 0.3, 1.0, 2.5])
  func `inverts the formula for a given water level`(level: Double) {
    let variances = [3.0, 0, 0.2, 1.1, 0.004, 2.4]
    let distortion = variances.reduce(0) { $0 + min(level, $1) }
    let bits = variances.reduce(0) { $0 + max(0, 0.5 * log2($1 / level)) }
    let rate = WaterFilling.rate(variances, distortion: distortion)
    #expect(abs(rate - bits / 6) < 1e-12)
  }

  @Test func `needs nothing for a loss of everything, and more for less`() {
    let variances = [1.0, 2, 3]
    #expect(WaterFilling.rate(variances, distortion: 6) == 0)
    let rates = [5.0, 1, 0.1, 0.01].map { WaterFilling.rate(variances, distortion: $0) }
    #expect(rates == rates.sorted() && rates[0] > 0)
  }
}

@Suite struct Eigenvalues {
  @Test func `are those of a rotated diagonal matrix`() throws {
    let q = Hadamard.orthogonal(12, seed: 3)
    let wanted = (0..<12).map { Double($0 * $0) }
    var upper = [Double](repeating: 0, count: 144)
    for i in 0..<12 {
      for j in i..<12 {
        upper[i * 12 + j] = (0..<12).reduce(0) {
          $0 + Double(q[i, $1]) * Double(q[j, $1]) * wanted[$1]
        }
      }
    }
    let found = try #require(symmetricEigenvalues(order: 12, upper: upper))
    for (a, b) in zip(found, wanted) { #expect(abs(a - b) < 1e-4) }
    upper[5] = .nan
    #expect(symmetricEigenvalues(order: 12, upper: upper) == nil)
  }
}
