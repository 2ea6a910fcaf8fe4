import Hessian
import LinearAlgebra
import TestSupport
import Testing

/// Tokens that know their number.
private func numbered(_ tokens: Range<Int>) -> Matrix {
  Matrix(rows: tokens.count, columns: 3) { Float((tokens.lowerBound + $0) * ($1 + 1)) }
}

/// The numbers of the tokens kept after chunks of some sizes.
private func kept(_ chunks: [Int]) -> [Int] {
  var sample = TokenSample(channels: 3)
  var start = 0
  for chunk in chunks {
    sample.add(numbered(start..<start + chunk))
    start += chunk
  }
  let rows = sample.rows
  for row in 0..<rows.rows {
    #expect(rows[row, 1] == 2 * rows[row, 0] && rows[row, 2] == 3 * rows[row, 0])
  }
  return (0..<rows.rows).map { Int(rows[$0, 0]) }
}

@Suite struct `A sample of tokens` {
  @Test(arguments: [0, 1, 255, 256, 257, 511])
  func `keeps all of few`(tokens: Int) {
    #expect(kept([tokens]) == Array(0..<tokens))
  }

  @Test(arguments: [512, 513, 1000, 1024, 1025, 5000, 40_000])
  func `keeps evenly spread ones of many`(tokens: Int) {
    let found = kept([tokens])
    #expect((TokenSample.limit..<2 * TokenSample.limit).contains(found.count))
    let stride = found[1]
    #expect(found == Array(Swift.stride(from: 0, to: tokens, by: stride)))
    #expect(stride.nonzeroBitCount == 1 && stride > 1)
  }

  @Test(arguments: [[700, 1, 0, 299], [1, 1, 998], [512, 488], [333, 333, 334]])
  func `does not depend on the chunks`(chunks: [Int]) {
    #expect(kept(chunks) == kept([1000]))
    #expect(kept([Int](repeating: 1, count: 1000)) == kept([1000]))
  }

  @Test func `is divided channel by channel, and goes on`() {
    var sample = TokenSample(channels: 3)
    sample.add(numbered(0..<600))
    let divided = sample.divided(by: [1, 2, 4]).rows
    let rows = sample.rows
    for row in 0..<rows.rows {
      #expect(divided[row, 0] == rows[row, 0] && divided[row, 1] == rows[row, 1] / 2)
      #expect(divided[row, 2] == rows[row, 2] / 4)
    }
  }

  @Test func `of inputs without channels is empty`() {
    var sample = TokenSample(channels: 0)
    sample.add(Matrix(rows: 1000, columns: 0))
    #expect(sample.rows.elements.isEmpty)
  }
}
