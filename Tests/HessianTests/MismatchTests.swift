import LinearAlgebra
import TestSupport
import Testing

@testable import Hessian

/// Tokens in two models: x, and x̃ a little off.
private func tokens(_ count: Int, channels: Int, seed: UInt64) -> (x: Matrix, reference: Matrix) {
  let x = Matrix.activations(tokens: count, channels: channels, seed: seed)
  var reference = x
  reference.add(.gaussian(count, channels, scale: 0.3, seed: seed + 100))
  return (x, reference)
}

private func statistics(
  _ x: Matrix, _ reference: Matrix, _ parts: InputStatistics.Parts = .deviation
) -> InputStatistics {
  var result = InputStatistics(channels: x.columns, collecting: parts)
  result.add(x, reference: reference)
  return result
}

@Suite struct `The mismatch with the full-precision model` {
  @Test(arguments: [(1, 1), (40, 7), (300, 130)])
  func `is the mean of its products`(tokenCount: Int, channels: Int) throws {
    let (x, reference) = tokens(tokenCount, channels: channels, seed: 1)
    let weights = Matrix.gaussian(5, channels, seed: 2)
    let made = statistics(x, reference)
    let (w, e) = (DoubleMatrix(weights), DoubleMatrix(reference) - DoubleMatrix(x))
    let outputs = e * w.transposed
    let cross = try #require(made.crossProduct(with: weights))
    for i in 0..<5 {
      for j in 0..<channels {
        let products = (0..<tokenCount).map { outputs[$0, i] * Double(x[$0, j]) }
        let size = products.reduce(0) { $0 + abs($1) }
        let exact = products.reduce(0, +)
        #expect(abs(Double(cross[i, j]) * Double(tokenCount) - exact) <= 1e-4 * size + 1e-6)
      }
    }
    var moment = Matrix(rows: channels, columns: channels)
    moment.addSecondMoment(of: weights)
    let energy = outputs.elements.reduce(0) { $0 + $1 * $1 } / Double(tokenCount)
    let found = try #require(made.deviationTrace(withUpper: moment, rows: 0..<moment.rows))
    #expect(abs(found - energy) <= 1e-4 * energy)
  }

  @Test func `merges, and can be weighted`() throws {
    let (a, b) = (tokens(64, channels: 20, seed: 3), tokens(32, channels: 20, seed: 4))
    var merged = statistics(a.x, a.reference)
    merged.merge(statistics(b.x, b.reference))
    let whole = statistics(
      Matrix(stacking: [a.x, b.x]), Matrix(stacking: [a.reference, b.reference]))
    let weights = Matrix.gaussian(3, 20, seed: 5)
    let (one, other) = (
      try #require(merged.crossProduct(with: weights)),
      try #require(whole.crossProduct(with: weights))
    )
    for (x, y) in zip(one.elements, other.elements) { #expect(abs(x - y) < 1e-4) }

    // Twice the weight is the same as twice the tokens.
    var weighted = statistics(a.x, a.reference, .mismatch)
    weighted.addMoments(of: b.x, reference: b.reference, weight: 2)
    var twice = statistics(a.x, a.reference, .mismatch)
    for _ in 0..<2 { twice.addMoments(of: b.x, reference: b.reference, weight: 1) }
    for (x, y) in zip(weighted.meanSquares, twice.meanSquares) { #expect(abs(x - y) <= 1e-5 * x) }
    let (tiltedOnce, tiltedTwice) = (
      try #require(weighted.crossProduct(with: weights)),
      try #require(twice.crossProduct(with: weights))
    )
    for (x, y) in zip(tiltedOnce.elements, tiltedTwice.elements) { #expect(abs(x - y) < 1e-4) }
    #expect(weighted.secondMoment.weight == 128 && weighted.tokenCount == 64)
  }

  @Test func `is stored and read back`() throws {
    let (x, reference) = tokens(50, channels: 9, seed: 6)
    for parts in [.mismatch, .deviation, [.deviation, .sample]] as [InputStatistics.Parts] {
      var made = statistics(x, reference, parts)
      // Only statistics that judge collect the deviation, and first positions do not judge.
      if parts == .mismatch {
        made.addMoments(of: x, reference: reference, weight: 0.25)
      }
      #expect(try InputStatistics(stored: made.storedArrays()) == made)
    }
  }

  @Test func `follows when channels are scaled or removed`() throws {
    let (x, reference) = tokens(80, channels: 6, seed: 7)
    let factors: [Float] = [0.5, 2, 4, 1, 0.25, 8]
    let exact = Matrix(rows: 80, columns: 6) { x[$0, $1] / factors[$1] }
    let other = Matrix(rows: 80, columns: 6) { reference[$0, $1] / factors[$1] }
    // The factors are powers of two, so nothing is rounded.
    #expect(
      statistics(x, reference).divided(by: factors).mismatch == statistics(exact, other).mismatch)
    let removed = statistics(x, reference).removing(channels: [1, 4])
    let kept = statistics(x.zeroing(columns: [1, 4]), reference.zeroing(columns: [1, 4]))
    #expect(removed.mismatch == kept.mismatch)
  }
}

@Suite struct `Solving with the damped factor` {
  @Test(arguments: [1, 16, 97], ColumnOrder.allCases)
  func `undoes the product with H`(n: Int, order: ColumnOrder) throws {
    var input = InputStatistics(channels: n)
    input.add(.activations(tokens: 4 * n, channels: n, seed: 8))
    let factor = try DampedFactor(of: input, order: order, groupSize: max(1, n / 4))
    let b = Matrix.gaussian(100, n, seed: 9)
    let x = DoubleMatrix(factor.solve(b))
    let ridge = factor.damping * Double(input.trace) / Double(n)
    let hessian = DoubleMatrix(input.block(0..<n)).addingToDiagonal(ridge)
    let product = x * hessian
    for i in 0..<100 {
      // The residual of a solve is small against ‖x‖·‖H‖, however bad the condition.
      let size = (0..<n).reduce(0) { $0 + abs(x[i, $1]) } * hessian.norm
      for j in 0..<n { #expect(abs(product[i, j] - Double(b[i, j])) <= 1e-5 * size + 1e-5) }
    }
  }
}
