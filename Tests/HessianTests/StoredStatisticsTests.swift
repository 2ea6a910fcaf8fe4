// Statistics as named arrays: equal after a round trip, and refused when they cannot be true.

import Hessian
import LinearAlgebra
import TestSupport
import Testing

private func statistics(
  _ parts: InputStatistics.Parts, tokens: Int = 700, channels: Int = 18
) -> InputStatistics {
  var x = Matrix.heavyTailed(tokens, channels, seed: 1)
  for i in 0..<tokens { x[i, 2] = 0 }
  var result = InputStatistics(channels: channels, collecting: parts)
  result.add(x)
  return result
}

/// The arrays of complete statistics with some of them changed.
private func changed(_ changes: StoredArray..., removing name: String? = nil) throws
  -> [StoredArray]
{
  var arrays = try statistics([.histograms, .sample]).storedArrays()
  for change in changes {
    arrays.removeAll { $0.name == change.name }
    arrays.append(change)
  }
  return arrays.filter { $0.name != name }
}

private func floats(_ name: String, _ i: Int, _ value: Float) throws -> StoredArray {
  let array = try #require(try changed().first { $0.name == name })
  guard case .floats(var values) = array.elements else { throw StatisticsError.missing(name) }
  values[i] = value
  return StoredArray(name, array.shape, .floats(values))
}

@Suite struct `Stored statistics` {
  @Test(
    arguments: [[], .ranges, .sample, .histograms, [.histograms, .sample]]
      as [InputStatistics.Parts])
  func `are equal to those that were stored`(parts: InputStatistics.Parts) throws {
    let factors = (0..<18).map { 0.5 + Float($0) / 7 }
    for tokens in [0, 1, 511, 513, 1024] {
      let plain = statistics(parts, tokens: tokens)
      let others = [
        plain, plain.divided(by: factors), plain.removing(channels: [0, 2, 17]),
        plain.divided(by: factors).removing(channels: [3]),
      ]
      for original in others {
        #expect(try InputStatistics(stored: original.storedArrays()) == original)
      }
    }
  }

  @Test func `of channels that never had a value stay without one`() throws {
    let removed = statistics([.histograms, .sample]).removing(channels: Array(0..<18))
    let found = try InputStatistics(stored: removed.storedArrays())
    #expect(found == removed && found.ranges?.extent == 0...0)
  }

  @Test func `can go on where they stopped`() throws {
    let x = Matrix.gaussian(300, 18, seed: 2)
    var original = statistics([.histograms, .sample])
    var found = try InputStatistics(stored: original.storedArrays())
    original.add(x)
    found.add(x)
    #expect(found == original)
  }

  @Test func `are not made of a second moment that is not finite`() {
    var found = InputStatistics(channels: 3)
    found.add(Matrix(rows: 1, columns: 3, elements: [1, .infinity, 2]))
    #expect(throws: StatisticsError.secondMoment(.notFinite(row: 0, column: 1))) {
      try found.storedArrays()
    }
  }

  @Test func `are refused with the name of the array at fault`() throws {
    let counts = [UInt32](repeating: 1, count: 18 * 1537)
    let lies: [(array: String, words: String, [StoredArray])] = [
      ("second_moment", "is missing", try changed(removing: "second_moment")),
      ("token_count", "is missing", try changed(removing: "token_count")),
      ("maxima", "is missing", try changed(removing: "maxima")),
      ("histograms", "is not a part", try changed(removing: "minima")),
      ("more", "is not a part", try changed(StoredArray("more", [1], .integers([1])))),
      (
        "second_moment", "not symmetric",
        try changed(floats("second_moment", 1, 1e9))
      ),
      ("second_moment", "not finite", try changed(floats("second_moment", 5, .nan))),
      ("second_moment", "cannot be negative", try changed(floats("second_moment", 19, -1))),
      (
        "second_moment", "is square",
        try changed(
          StoredArray("second_moment", [9, 36], .floats(.init(repeating: 0, count: 324))))
      ),
      (
        "second_moment", "has shape [324]",
        try changed(
          StoredArray("second_moment", [324], .floats(.init(repeating: 0, count: 324))))
      ),
      ("token_count", "is -1", try changed(StoredArray("token_count", [1], .integers([-1])))),
      (
        "token_count", "is 9223372036854775807",
        try changed(
          StoredArray("token_count", [1], .integers([.max])))
      ),
      (
        "token_count", "has shape [2]; [1] is needed",
        try changed(
          StoredArray("token_count", [2], .integers([1, 2])))
      ),
      ("token_count", "type int64", try changed(StoredArray("token_count", [1], .floats([7])))),
      (
        "second_moment", "there are no tokens",
        try changed(
          StoredArray("token_count", [1], .integers([0])))
      ),
      (
        "sample", "has shape [350, 18]; [300, 18] is needed",
        try changed(
          StoredArray("token_count", [1], .integers([300])),
          StoredArray(
            "histograms", [18, 1537], .counts(counts.map { _ in 0 })))
      ),
      (
        "sample", "has shape [700, 9]",
        try changed(
          StoredArray("sample", [700, 9], .floats(.init(repeating: 0, count: 6300))))
      ),
      ("sample", "element 7 is inf", try changed(floats("sample", 7, .infinity))),
      ("minima", "element 4 is nan", try changed(floats("minima", 4, .nan))),
      ("minima", "element 4 is inf", try changed(floats("minima", 4, .infinity))),
      ("minima", "element 4 is", try changed(floats("maxima", 4, -1e9))),
      ("moving_minima", "element 0 is", try changed(floats("moving_maxima", 0, .infinity))),
      (
        "minima", "has shape [17]; [18] is needed",
        try changed(
          StoredArray("minima", [17], .floats(.init(repeating: 0, count: 17))))
      ),
      (
        "magnitude_sums", "element 17 is -1",
        try changed(
          StoredArray(
            "magnitude_sums", [18], .doubles(.init(repeating: 1, count: 17) + [-1])))
      ),
      (
        "histograms", "more values than there are tokens",
        try changed(
          StoredArray("histograms", [18, 1537], .counts(counts)))
      ),
      (
        "histograms", "has shape [1537, 18]",
        try changed(
          StoredArray("histograms", [1537, 18], .counts(counts)))
      ),
      (
        "histograms", "type uint32",
        try changed(
          StoredArray("histograms", [18, 1537], .floats(counts.map(Float.init))))
      ),
      (
        "divisors", "element 1 is not positive",
        try changed(
          StoredArray("divisors", [18], .floats([1] + .init(repeating: 0, count: 17))))
      ),
      (
        "removed_channels", "element 0 is 18",
        try changed(
          StoredArray("removed_channels", [1], .integers([18])))
      ),
      (
        "removed_channels", "element 1 is 2",
        try changed(
          StoredArray("removed_channels", [2], .integers([2, 2])))
      ),
      (
        "second_moment", "removed channel",
        try changed(
          StoredArray("removed_channels", [1], .integers([3])))
      ),
    ]
    for (array, words, arrays) in lies {
      #expect {
        try InputStatistics(stored: arrays)
      } throws: { error in
        guard let error = error as? StatisticsError else { return false }
        let isRight = error.array == array && error.description.contains(words)
        if !isRight { Issue.record("\(error.array): \(error); not \(array): \(words)") }
        return true
      }
    }
  }
}
