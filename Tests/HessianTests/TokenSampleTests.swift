import Hessian
import LinearAlgebra
import TestSupport
import Testing

/// Tokens whose values tell their number.
private func numbered(_ tokens: Range<Int>) -> Matrix {
  Matrix(rows: tokens.count, columns: 3) { Float((tokens.lowerBound + $0) * ($1 + 1)) }
}

/// The sample of tokens that arrive in chunks of these sizes.
private func sample(_ chunks: [Int], from first: Int = 0) -> TokenSample {
  var sample = TokenSample(channels: 3)
  var start = first
  for chunk in chunks {
    sample.add(numbered(start..<start + chunk))
    start += chunk
  }
  return sample
}

/// The samples of chunks of these sizes, merged in order.
private func merged(_ chunks: [Int]) -> TokenSample {
  var result = TokenSample(channels: 3)
  var start = 0
  for chunk in chunks {
    result.merge(sample([chunk], from: start))
    start += chunk
  }
  return result
}

/// The numbers of the tokens that a sample keeps.
private func kept(_ sample: TokenSample) -> [Int] {
  let rows = sample.rows
  for row in 0..<rows.rows {
    #expect(rows[row, 1] == 2 * rows[row, 0] && rows[row, 2] == 3 * rows[row, 0])
  }
  return (0..<rows.rows).map { Int(rows[$0, 0]) }
}

@Suite struct `A sample of tokens` {
  @Test(arguments: [0, 1, 255, 256, 257, 511])
  func `keeps all tokens of few`(tokens: Int) {
    #expect(kept(sample([tokens])) == Array(0..<tokens))
  }

  @Test(arguments: [512, 513, 1000, 1024, 1025, 5000, 40_000])
  func `keeps evenly spread tokens of many`(tokens: Int) {
    let found = kept(sample([tokens]))
    #expect((TokenSample.limit..<2 * TokenSample.limit).contains(found.count))
    let stride = found[1]
    #expect(found == Array(Swift.stride(from: 0, to: tokens, by: stride)))
    #expect(stride.nonzeroBitCount == 1 && stride > 1)
  }

  @Test(arguments: [[700, 1, 0, 299], [1, 1, 998], [512, 488], [333, 333, 334]])
  func `does not depend on the chunks`(chunks: [Int]) {
    #expect(sample(chunks) == sample([1000]))
    #expect(sample([Int](repeating: 1, count: 1000)) == sample([1000]))
  }

  @Test(arguments: [
    [0], [700], [0, 700, 0], [300, 300, 300, 300], [511, 511, 511], [1, 2, 3, 500, 494],
    [2048, 2048, 2048], [512, 1024, 4096, 7], [1024, 511, 3, 5], [20_000, 100, 41],
  ])
  func `merges to exactly that of one pass where strides allow it`(chunks: [Int]) {
    #expect(merged(chunks) == sample([chunks.reduce(0, +)]))
  }

  @Test(arguments: [[1000, 1000], [513, 700, 9000], [1, 20_000, 3, 20_000], [999, 5000, 5]])
  func `merges to one that is evenly spread in any case`(chunks: [Int]) {
    let total = chunks.reduce(0, +)
    let (found, whole) = (kept(merged(chunks)), kept(sample([total])))
    #expect(found.count == whole.count)
    let stride = whole[1]
    for i in whole.indices { #expect(abs(found[i] - whole[i]) < stride && found[i] < total) }
    var (first, second) = (merged(chunks), merged(chunks))
    first.add(numbered(total..<total + 3000))
    second.add(numbered(total..<total + 1000))
    second.add(numbered(total + 1000..<total + 3000))
    #expect(first == second)
  }

  @Test func `can be divided channel by channel`() {
    let sample = sample([600])
    let divided = sample.divided(by: [1, 2, 4]).rows
    let rows = sample.rows
    for row in 0..<rows.rows {
      #expect(divided[row, 0] == rows[row, 0] && divided[row, 1] == rows[row, 1] / 2)
      #expect(divided[row, 2] == rows[row, 2] / 4)
    }
  }

  @Test func `is empty without channels`() {
    var sample = TokenSample(channels: 0)
    sample.add(Matrix(rows: 1000, columns: 0))
    #expect(sample.rows.elements.isEmpty)
  }
}
