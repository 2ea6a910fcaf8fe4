// The loops over evenly spaced points beside those for points of any kind, which take a candidate at a time.

import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Solvers

private let sizes = [1, 5, 16, 33, 64]

/// Sixteen rows of a group with random weights, and candidates that shrink their range.
private struct Candidates<Kernel: RoundingKernel> {
  let plane: GroupPlane<Kernel>
  let kernels: [Kernel]

  init(_ kernel: Kernel, size: Int, offset: Float) {
    let random = Matrix.gaussian(size, size + 16, seed: 5)
    let unit = Matrix(rows: size, columns: size) {
      $0 == $1 ? 1 : $1 < $0 ? 0 : 0.3 * random[$0, $1]
    }
    let pivots = (0..<size).map { 0.1 + abs(random[$0, 0]) }
    let weights = (0..<size).map { random.row($0).lanes(at: size) }
    plane = GroupPlane(unitRows: unit, pivots: pivots, weights: weights, kernel)
    kernels = (0..<9).map { i in
      var own = kernel
      own.scale = Lanes(repeating: 0.6 - 0.05 * Float(i)) + 0.01 * random.row(0).lanes(at: size)
      own.offset = Lanes(repeating: offset)
      return own
    }
  }

  /// The costs by the loop for points of any kind.
  func expected() -> [Lanes] {
    var errors = [Lanes](repeating: .zero, count: plane.size)
    return kernels.map { plane.cost(plane.weights.span, $0, &errors) }
  }

  /// The costs by the loop for evenly spaced points.
  func found(below bound: Lanes) throws -> [Lanes] {
    var errors = [Lanes](repeating: .zero, count: LanePlane.candidatesAtOnce * plane.size)
    var costs = [Lanes](repeating: .zero, count: kernels.count)
    plane.metric.costs(
      of: try kernels.map { try #require($0.steps) }, for: plane.weights.span, below: bound,
      errors: &errors, costs: &costs)
    return costs
  }
}

@Suite struct `Candidates that are judged together` {
  @Test(arguments: sizes)
  func `cost what they cost alone, bit for bit`(size: Int) throws {
    let around = Candidates(ZeroPointKernel(largestCode: 7), size: size, offset: 3)
    #expect(try around.found(below: Lanes(repeating: .nan)) == around.expected())
    let above = Candidates(OffsetKernel(largestCode: 15), size: size, offset: -1.25)
    #expect(try above.found(below: Lanes(repeating: .nan)) == above.expected())
  }

  @Test(arguments: sizes)
  func `are given up where no row can gain, and never where one can`(size: Int) throws {
    let candidates = Candidates(ZeroPointKernel(largestCode: 7), size: size, offset: 3)
    let exact = candidates.expected()
    for (i, bound) in [exact[4], 0.5 * exact[0], Lanes(repeating: .infinity)].enumerated() {
      var least = bound
      for (found, expected) in zip(try candidates.found(below: bound), exact) {
        let gains = expected .< least
        if any(gains) { #expect(found == expected) }
        #expect(all((found .>= least) .| gains), "bound \(i)")
        least = pointwiseMin(least, expected)
      }
    }
  }
}
