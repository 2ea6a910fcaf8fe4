import Hessian
import LinearAlgebra
import TestSupport
import Testing

/// The matrix R of a factor: `√pivot` times the unit rows.
private func upper(_ factor: DampedFactor) -> DoubleMatrix {
  DoubleMatrix(rows: factor.order.count, columns: factor.order.count) {
    factor.pivots[$0].squareRoot() * Double(factor.unitRows[$0, $1])
  }
}

private func statistics(_ x: Matrix) -> InputStatistics {
  var result = InputStatistics(channels: x.columns)
  result.add(x)
  return result
}

/// P(H + λI)Pᵀ by definition: the column visited first comes last.
private func dampedAndReordered(_ x: Matrix, _ factor: DampedFactor) -> DoubleMatrix {
  let hessian = DoubleMatrix.secondMoment(of: x)
  let share = factor.damping * hessian.trace / Double(x.columns)
  return hessian.addingToDiagonal(share).reordered(by: factor.order.reversed())
}

@Suite struct `The damped factor` {
  @Test(arguments: [1, 2, 15, 16, 17, 33, 64, 129], ColumnOrder.allCases)
  func `has the damped and reordered Hessian as its square`(n: Int, order: ColumnOrder) throws {
    let x = Matrix.activations(tokens: 256, channels: n, seed: 1)
    let factor = try DampedFactor(of: statistics(x), order: order)
    let root = upper(factor)
    let (product, exact) = (root.transposed * root, dampedAndReordered(x, factor))
    for i in 0..<n {
      for j in 0..<n {
        // Each element of the unit rows is rounded to float32 once; Σ|RₚᵢRₚⱼ| ≤ √(AᵢᵢAⱼⱼ).
        let size = (exact[i, i] * exact[j, j]).squareRoot()
        #expect(abs(product[i, j] - exact[i, j]) <= 2 * Double(Float.ulpOfOne) * size)
      }
    }
    #expect(factor.damping == 0.01 && factor.retries == 0)
  }

  @Test func `has rows with a unit diagonal and zeros below it`() throws {
    let x = Matrix.activations(tokens: 100, channels: 40, seed: 2)
    let rows = try DampedFactor(of: statistics(x), order: .activation).unitRows
    for i in 0..<40 {
      #expect(rows[i, i] == 1)
      for j in 0..<i { #expect(rows[i, j] == 0) }
    }
  }

  @Test func `has larger pivots with more damping`() throws {
    let input = statistics(.activations(tokens: 200, channels: 64, seed: 3))
    var before = [Double](repeating: 0, count: 64)
    for share in [1e-4, 1e-3, 0.01, 0.1, 1] {
      let pivots = try DampedFactor(
        of: input, order: .natural, damping: Damping(share: share)
      ).pivots
      #expect(pivots.count == 64)
      for (low, high) in zip(before, pivots) { #expect(low < high) }
      before = pivots
    }
  }

  @Test func `visits the largest mean square first in activation order`() throws {
    let x = Matrix.activations(tokens: 128, channels: 50, seed: 4)
    let squares = statistics(x).meanSquares
    let factor = try DampedFactor(of: statistics(x), order: .activation)
    #expect(factor.order.sorted() == Array(0..<50))
    for (first, second) in zip(factor.order, factor.order.dropFirst()) {
      #expect(squares[first] >= squares[second])
    }
    #expect(try DampedFactor(of: statistics(x), order: .natural).order == Array(0..<50))
  }

  @Test func `keeps the order of channels with equal mean squares`() {
    let order = ColumnOrder.activation.columns(meanSquares: [1, 3, 2, 3, 1, 2, 3], groupSize: 1)
    #expect(order == [1, 3, 6, 2, 5, 0, 4])
    #expect(ColumnOrder.natural.columns(meanSquares: [1, 3, 2], groupSize: 1) == [0, 1, 2])
  }

  @Test func `names dead channels, which are independent of all others`() throws {
    let dead = [0, 5, 6, 31]
    let x = Matrix.activations(tokens: 128, channels: 32, seed: 5).zeroing(columns: dead)
    for order in ColumnOrder.allCases {
      let factor = try DampedFactor(of: statistics(x), order: order)
      #expect(factor.deadChannels == dead)
      let positions = factor.order.reversed().enumerated().filter { dead.contains($1) }
      for p in positions.map(\.offset) {
        for q in 0..<32 where q != p {
          #expect(factor.unitRows[p, q] == 0 && factor.unitRows[q, p] == 0)
        }
      }
    }
  }

  @Test func `does not call removed channels dead, although they are as independent`() throws {
    let x = Matrix.activations(tokens: 128, channels: 32, seed: 9).zeroing(columns: [5])
    let reduced = statistics(x).removing(channels: [31, 4])
    let factor = try DampedFactor(of: reduced, order: .activation)
    #expect(reduced.removedChannels == [4, 31])
    #expect(factor.deadChannels == [5])
    let same = statistics(x.zeroing(columns: [4, 31]))
    #expect(factor.unitRows == (try DampedFactor(of: same, order: .activation)).unitRows)
    #expect(try DampedFactor(of: same, order: .activation).deadChannels == [4, 5, 31])
  }

  @Test func `exists for an input that is zero throughout`() throws {
    let factor = try DampedFactor(of: statistics(Matrix(rows: 4, columns: 6)), order: .natural)
    #expect(factor.deadChannels == Array(0..<6))
    #expect(factor.pivots.allSatisfy { $0 > 0 })
  }
}

@Suite struct `The ladder of dampings` {
  @Test func `is climbed for fewer tokens than channels, and the factor says how far`() throws {
    let x = Matrix.activations(tokens: 10, channels: 40, seed: 6)
    let factor = try DampedFactor(
      of: statistics(x), order: .activation, damping: Damping(share: 0))
    #expect(factor.retries >= 1)
    #expect(factor.damping > 0)
    #expect(factor.damping == Damping(share: 0).ladder[factor.retries])
    let (root, exact) = (upper(factor), dampedAndReordered(x, factor))
    let residual = (root.transposed * root - exact).norm
    #expect(residual <= 30 * Double(Float.ulpOfOne) * exact.norm)
  }

  @Test func `is climbed for a dead channel without damping`() throws {
    let x = Matrix.activations(tokens: 100, channels: 20, seed: 7).zeroing(columns: [3])
    let factor = try DampedFactor(of: statistics(x), order: .natural, damping: Damping(share: 0))
    #expect(factor.retries == 1 && factor.deadChannels == [3])
  }

  @Test func `starts at the requested share and ends at one`() {
    #expect(Damping().share == 0.01)
    #expect(Damping(share: 1).ladder == [1])
    for share in [0, 1e-9, 1e-3, 0.01, 0.3] {
      let ladder = Damping(share: share).ladder
      #expect(ladder.first == share && ladder.last == 1)
      for (low, high) in zip(ladder, ladder.dropFirst()) { #expect(low < high) }
      #expect(ladder.count < 10)
    }
  }

  @Test(arguments: [Float.nan, .infinity])
  func `is not tried for an input that is not finite, whose channel is named`(bad: Float) {
    var x = Matrix.gaussian(50, 24, seed: 8)
    x[49, 13] = bad
    #expect {
      try DampedFactor(of: statistics(x), order: .activation)
    } throws: { error in
      guard let failure = error as? FactorFailure else { return false }
      return failure == .nonFinite(NonFiniteInput(channels: [13], token: 49))
        && failure.description.contains("channel 13")
    }
  }

  @Test func `ends in an error that says what to try`() {
    let failure = FactorFailure.notPositiveDefinite(channel: 7, damping: 1)
    #expect(failure.description.contains("channel 7"))
    #expect(failure.description.contains("more varied, calibration tokens"))
    let several = NonFiniteInput(channels: [4, 17], token: nil).description(of: "the text")
    #expect(
      several == "input channel 4 and 1 more were infinite, NaN or too large to square, in the text"
    )
  }
}
