// Statistics that were collected in parts: by chunks, threads, files.

import Hessian
import LinearAlgebra
import TestSupport
import Testing

private let everything: InputStatistics.Parts = [.histograms, .sample]

private func statistics(_ chunks: [Matrix]) -> InputStatistics {
  var result = InputStatistics(channels: chunks[0].columns, collecting: everything)
  for chunk in chunks { result.add(chunk) }
  return result
}

/// The rows of a matrix, cut into chunks of these lengths.
private func chunks(of x: Matrix, _ lengths: [Int]) -> [Matrix] {
  var start = 0
  return lengths.map { length in
    defer { start += length }
    return x.copy(rows: start..<start + length)
  }
}

@Suite(.serialized) struct `Statistics from several threads` {
  @Test(arguments: [1, 17, 300])
  func `have the same bytes as those from one`(channels: Int) throws {
    let parts = chunks(of: .heavyTailed(700, channels, seed: 1), [256, 256, 188])
    let before = Threads.count
    defer { Threads.setCount(before) }
    var found: [InputStatistics] = []
    for count in 1...3 {
      Threads.setCount(count)
      var merged = statistics(Array(parts[..<2]))
      merged.merge(statistics([parts[2]]))
      found += [statistics(parts), merged]
    }
    let arrays = try found.map { try $0.storedArrays() }
    #expect(arrays[2] == arrays[0] && arrays[4] == arrays[0])
    #expect(arrays[3] == arrays[1] && arrays[5] == arrays[1])
  }
}

@Suite struct `Merged statistics` {
  @Test(arguments: [
    [[100], [100, 100], [250]], [[0], [700], [1]], [[256, 256, 256], [256, 200], [256, 256]],
    [[1], [1], [1], [300, 7]],
  ])
  func `agree with those of one pass`(lengths: [[Int]]) throws {
    let n = 33
    let x = Matrix.heavyTailed(lengths.joined().reduce(0, +), n, seed: 2)
    let whole = statistics(chunks(of: x, lengths.flatMap(\.self)))
    var start = 0
    var merged = InputStatistics(channels: n, collecting: everything)
    for part in lengths {
      let rows = x.copy(rows: start..<start + part.reduce(0, +))
      merged.merge(statistics(chunks(of: rows, part)))
      start += rows.rows
    }
    #expect(merged.tokenCount == whole.tokenCount && merged.sample == whole.sample)
    let (ranges, others) = (try #require(merged.ranges), try #require(whole.ranges))
    #expect(ranges.minima == others.minima && ranges.maxima == others.maxima)
    #expect(ranges.histogram == others.histogram)
    let (a, b) = (merged.block(0..<n), whole.block(0..<n))
    // One rounding for each addition of a chunk, and one more each of the scale and the product.
    let unit = Double(2 * lengths.joined().count + 4) * 0x1p-24
    for i in 0..<n {
      for j in 0..<n {
        let size = (Double(b[i, i]) * Double(b[j, j])).squareRoot()
        #expect(abs(Double(a[i, j]) - Double(b[i, j])) <= unit * size)
      }
      #expect(
        abs(ranges.meanMagnitudes[i] - others.meanMagnitudes[i])
          <= 0x1p-15 * others.meanMagnitudes[i])
    }
  }

  @Test func `weigh their parts by tokens`() {
    let (a, b) = (
      Matrix.activations(tokens: 64, channels: 8, seed: 3), Matrix(rows: 192, columns: 8)
    )
    var merged = statistics([a])
    merged.merge(statistics([b]))
    #expect(merged.meanSquares == statistics([a]).meanSquares.map { $0 / 4 })
  }

  @Test func `of different parts stop the program`() async {
    await #expect(processExitsWith: .failure) {
      var one = InputStatistics(channels: 3)
      one.merge(InputStatistics(channels: 3, collecting: .sample))
    }
    await #expect(processExitsWith: .failure) {
      var one = InputStatistics(channels: 3)
      one.merge(InputStatistics(channels: 3).divided(by: [1, 2, 3]))
    }
    await #expect(processExitsWith: .failure) {
      var one = InputStatistics(channels: 3).removing(channels: [1])
      one.add(Matrix(rows: 1, columns: 3))
    }
  }
}
