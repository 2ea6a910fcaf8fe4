// What the solvers ask for while they work: memory for whole blocks of columns, and none inside of their loops.

import AllocationCount
import Hessian
import LinearAlgebra
import Quantizer
import Synchronization
import TestSupport
import Testing

@testable import Solvers

/// How often a closure asks for memory, once it has run before, as one iteration of a parallel loop: its own loops
/// then start no threads, for which others would ask.
private func allocations(_ body: @Sendable () -> Void) -> Int {
  let counts = Mutex(0)
  Threads.perform(2) { i in
    guard i == 0 else { return }
    body()
    let before = ptq_allocations()
    body()
    let count = Int(ptq_allocations() - before)
    counts.withLock { $0 = count }
  }
  return counts.withLock(\.self)
}

/// A problem of some rows and columns, as a panel gets it.
private struct Panel {
  let weights: Matrix
  let factor: DampedFactor
  let scheme: Scheme

  init(rows: Int = 96, columns: Int) throws {
    weights = .heavyTailed(rows, columns, scale: 0.02, seed: 1)
    let input = InputStatistics(of: .activations(tokens: 512, channels: columns, seed: 2))
    factor = try DampedFactor(of: input, order: .groupAware, groupSize: 32)
    scheme = try Scheme(bits: 3, symmetric: false, granularity: .group(32))
  }

  /// The allocations of plain nearest plane.
  func rounding() throws -> Int {
    let rule = GridRule(range: .minMax, scaleFormat: .float16)
    let grid = try rule.grid(for: weights, scheme: scheme, metric: .plain)
    let panel = NearestPlanePanel(
      rows: 0..<weights.rows, grid, factor, PlaneFeedback(factor, on: .float32))
    return allocations { _ = panel.codes(of: weights) }
  }

  /// The allocations of nearest plane that chooses its grid.
  func solving() -> Int {
    let encoding = GridRule(range: .solve, scaleFormat: .float16).encoding
    let panel = GridSolvingPanel(
      rows: 0..<weights.rows, groupSize: 32, encoding, scheme, factor,
      PlaneFeedback(factor, on: .float32))
    return allocations { _ = panel.solved(weights) }
  }

  /// The allocations of three sweeps of coordinate descent, one of which solves each group anew.
  func descending() throws -> Int {
    let rule = GridRule(range: .minMax, scaleFormat: .float16)
    let found = NearestPlane(factor).round(
      weights, on: try rule.grid(for: weights, scheme: scheme, metric: .plain))
    let hessian = Matrix.product(factor.unitRows.transposed, factor.unitRows)
    let factors = stride(from: 0, to: weights.columns, by: 32).map {
      GroupFactor(hessian, $0..<$0 + 32)
    }
    let panel = DescentPanel(
      rows: 0..<weights.rows, hessian, rule.encoding, factors, sweeps: 3)
    return allocations { _ = panel.improved(found, weights) }
  }
}

// Requests by rows, or by a few of them in each group, would make this many more or a multiple of it.
private let extraRows = 96 - 16

@Suite(.enabled(if: ptq_allocations() >= 0)) struct `The memory of a solve` {
  @Test func `is counted`() {
    #expect(allocations { _ = Matrix(rows: 30, columns: 40).transposed } == 2)
  }

  @Test func `is asked for by blocks of columns, and neither by columns nor by rows`() throws {
    let count = try Panel(columns: 1024).rounding()
    // Sixteen blocks of 64 columns.
    #expect(count <= 2 * 16 + 4)
    #expect(try count - Panel(rows: 16, columns: 1024).rounding() < extraRows)
  }

  @Test func `is asked for by groups, and not by what is tried for them`() throws {
    let count = try Panel(columns: 1024).solving()
    // Thirty-two groups, of which each holds its factor, its weights and the best that was found.
    #expect(count <= 20 * 32)
    #expect(try count - Panel(rows: 16, columns: 1024).solving() < extraRows)
  }

  @Test func `is asked for by groups, and not by rows, where codes descend`() throws {
    let count = try Panel(columns: 512).descending()
    #expect(count <= 40 * 16)
    #expect(try count - Panel(rows: 16, columns: 512).descending() < extraRows)
  }
}
