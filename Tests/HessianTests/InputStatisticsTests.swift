import Hessian
import LinearAlgebra
import TestSupport
import Testing

/// The statistics of all rows, with one `add` for each matrix.
private func statistics(_ chunks: Matrix...) -> InputStatistics {
  var result = InputStatistics(channels: chunks[0].columns)
  for chunk in chunks { result.add(chunk) }
  return result
}

/// The upper triangle of a symmetric matrix as `trace(withUpper:)` takes it.
private func upper(_ matrix: DoubleMatrix) -> Matrix {
  Matrix(rows: matrix.rows, columns: matrix.columns) { $0 <= $1 ? Float(matrix[$0, $1]) : 0 }
}

@Suite struct `Statistics of an input` {
  @Test(arguments: [Float.nan, .infinity, -.infinity, 1e20])
  func `know the first token that has no square, whatever the chunks`(bad: Float) {
    var x = Matrix.gaussian(90, 5, seed: 3)
    (x[61, 2], x[70, 4]) = (bad, bad)
    for chunk in [1, 7, 90] {
      var (whole, merged) = (InputStatistics(channels: 5), InputStatistics(channels: 5))
      for start in stride(from: 0, to: 90, by: chunk) {
        let rows = x.copy(rows: start..<min(90, start + chunk))
        whole.add(rows)
        var part = InputStatistics(channels: 5)
        part.add(rows)
        merged.merge(part)
      }
      let expected = NonFiniteInput(channels: [2, 4], token: 61)
      #expect(whole.nonFinite == expected && merged.nonFinite == expected)
    }
    #expect(statistics(.gaussian(10, 20, seed: 9)).nonFinite == nil)
  }

  @Test(arguments: [1, 2, 15, 16, 17, 33, 64], [1, 7, 50])
  func `are the same for chunks and for all tokens at once`(channels: Int, tokens: Int) {
    // The sums of these inputs are exact in float32, so not a single bit may differ.
    let x = Matrix.activations(tokens: tokens, channels: channels, seed: 1)
    let whole = statistics(x)
    let cut = tokens / 3
    let chunked = statistics(
      x.copy(rows: 0..<cut), x.copy(rows: cut..<cut), x.copy(rows: cut..<tokens))
    #expect(whole.tokenCount == tokens && chunked.tokenCount == tokens)
    #expect(whole.meanSquares == chunked.meanSquares)
    let moment = upper(.secondMoment(of: .gaussian(8, channels, seed: 2)))
    #expect(whole.trace(withUpper: moment) == chunked.trace(withUpper: moment))
  }

  @Test func `agree within rounding for chunks of any inputs`() {
    let (channels, tokens) = (33, 500)
    let x = Matrix.heavyTailed(tokens, channels, seed: 3)
    let (whole, exact) = (statistics(x), DoubleMatrix.secondMoment(of: x))
    let chunked = statistics(x.copy(rows: 0..<123), x.copy(rows: 123..<tokens))
    for j in 0..<channels {
      let bound = Double(tokens + 2) * Double(Float.ulpOfOne) * exact[j, j]
      #expect(abs(Double(whole.meanSquares[j]) - exact[j, j]) <= bound)
      #expect(abs(Double(chunked.meanSquares[j]) - exact[j, j]) <= bound)
    }
  }

  @Test func `have the mean square of each channel on the diagonal`() {
    let x = Matrix.activations(tokens: 64, channels: 17, seed: 4)
    let exact = DoubleMatrix.secondMoment(of: x)
    #expect(statistics(x).meanSquares == (0..<17).map { Float(exact[$0, $0]) })
  }

  @Test(arguments: [1, 2, 16, 17, 40, 65])
  func `have the squared output error of the inputs as their trace`(channels: Int) {
    let x = Matrix.activations(tokens: 100, channels: channels, seed: 5)
    let d = Matrix.gaussian(9, channels, seed: 6)
    let exact = DoubleMatrix(d)
    let error = (exact * .secondMoment(of: x) * exact.transposed).trace
    let trace = statistics(x).trace(withUpper: upper(exact.transposed * exact))
    // Terms have both signs, so the bound is relative to the sum of their magnitudes.
    let sizes = (exact.magnitudes * DoubleMatrix.secondMoment(of: x).magnitudes)
    let size = (sizes * exact.magnitudes.transposed).trace
    #expect(abs(trace - error) <= Double(channels / 16 + 24) * Double(Float.ulpOfOne) * size)
    #expect(error > 0)
  }

  @Test func `have a trace that does not read below the diagonal`() {
    let x = Matrix.activations(tokens: 20, channels: 18, seed: 7)
    let clean = upper(.secondMoment(of: .gaussian(30, 18, seed: 8)))
    var spoilt = clean
    for i in 0..<18 {
      for j in 0..<i { spoilt[i, j] = 1e9 }
    }
    #expect(statistics(x).trace(withUpper: clean) == statistics(x).trace(withUpper: spoilt))
  }

  @Test func `are zero without tokens`() {
    let empty = InputStatistics(channels: 3)
    #expect(empty.tokenCount == 0)
    #expect(empty.meanSquares == [0, 0, 0])
    #expect(empty.trace(withUpper: Matrix(rows: 3, columns: 3) { _, _ in 1 }) == 0)
    #expect(empty.nonFinite == nil)
  }

  @Test(arguments: [
    InputStatistics.Parts.ranges, .histograms, .sample, [], [.histograms, .sample],
  ])
  func `collect what was asked for`(parts: InputStatistics.Parts) {
    var found = InputStatistics(channels: 5, collecting: parts)
    found.add(.gaussian(20, 5, seed: 1))
    #expect(found.parts == parts)
    #expect((found.ranges != nil) == parts.contains(.ranges))
    #expect((found.sample != nil) == parts.contains(.sample))
    #expect(found.ranges?.collectsHistogram ?? false == parts.contains(.histograms))
    #expect(found.meanSquares == statistics(.gaussian(20, 5, seed: 1)).meanSquares)
  }
}
