import LinearAlgebra
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct `Parallel loops` {
  @Test(arguments: [1, 2, 5])
  func `give values in the order of their indices`(threads: Int) {
    let before = Threads.count
    defer { Threads.setCount(before) }
    Threads.setCount(threads)
    #expect(Threads.count == threads)
    for count in [0, 1, 2, 7, 1000] {
      #expect(Threads.map(count) { $0 * $0 } == (0..<count).map { $0 * $0 })
    }
  }

  @Test func `give the same values when nested`() {
    let nested = Threads.map(20) { i in Threads.map(30) { j in i * 100 + j } }
    #expect(nested == (0..<20).map { i in (0..<30).map { i * 100 + $0 } })
  }

  @Test func `give products with the same bytes as those outside of a loop`() {
    let a = Matrix.gaussian(40, 40, seed: 1)
    let expected = BLAS.product(a.view, a.view)
    let results = Threads.map(8) { _ in BLAS.product(a.view, a.view) }
    #expect(results == [Matrix](repeating: expected, count: 8))
  }

  @Test func `visit every index once`() {
    let visits = Mutex([Int](repeating: 0, count: 501))
    Threads.perform(501) { i in visits.withLock { $0[i] += 1 } }
    #expect(visits.withLock { $0.allSatisfy { $0 == 1 } })
  }

  @Test(arguments: [(1, 1), (7, 3), (16, 16), (33, 16), (100, 1), (5, 50)])
  func `over row blocks pass each row once, with its number`(rows: Int, size: Int) {
    var matrix = Matrix(rows: rows, columns: 3)
    matrix.parallelRowBlocks(of: size) { range, block in
      for (i, row) in range.enumerated() {
        var elements = block.mutableRow(i)
        for j in elements.indices { elements[j] += Float(10 * row + j) + 0.5 }
      }
    }
    #expect(matrix == Matrix(rows: rows, columns: 3) { Float(10 * $0 + $1) + 0.5 })
  }

  @Test func `over no rows do nothing`() {
    var empty = Matrix(rows: 0, columns: 4)
    empty.parallelRowBlocks(of: 2) { _, _ in Issue.record("there is no row") }
    #expect(empty.elements.isEmpty)
  }
}
