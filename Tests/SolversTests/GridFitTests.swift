import LinearAlgebra
import Quantizer
import TestSupport
import Testing

@testable import Solvers

/// Codes of one group, what they should become, and a metric AᵀA, in double precision.
private struct FitProblem {
  let entry: GridEntry
  let codes: [Double]
  let weights: [Double]
  let factor: DoubleMatrix

  init(_ scheme: Scheme, size: Int, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let offset = scheme.points == .offset ? Float(-1.75) : Float(scheme.middleCode)
    let point = GridPoint(scheme, scale: 0.25, offset: Double(offset))
    var (weights, codes): ([Double], [Double]) = ([], [])
    for _ in 0..<size {
      let code = generator.integer(in: 0..<scheme.largestCode + 1)
      codes.append(Double(code))
      weights.append(1.1 * point.value(of: code) + 0.1 * generator.gaussian() + 0.1)
    }
    (self.weights, self.codes) = (weights, codes)
    entry = GridEntry(scale: 0.25, offset: offset)
    factor = DoubleMatrix(.gaussian(size, size, seed: seed + 1))
  }

  /// ‖A (w − ŵ)‖² of an entry.
  func cost(_ entry: GridEntry, _ scheme: Scheme) -> Double {
    let point = GridPoint(scheme, scale: Double(entry.scale), offset: Double(entry.offset))
    let errors = zip(weights, codes).map { $0 - point.value(of: Int($1)) }
    return (0..<factor.rows).reduce(0) { sum, i in
      let y = errors.indices.reduce(0) { $0 + factor[i, $1] * errors[$1] }
      return sum + y * y
    }
  }

  /// The sums of lane 3.
  func fit(_ scheme: Scheme) -> GridFit {
    let point = GridPoint(scheme, scale: Double(entry.scale), offset: Double(entry.offset))
    let origin = scheme.points == .offset ? Double(entry.offset) : 0
    var fit = GridFit()
    for i in 0..<factor.rows {
      func row(_ x: (Int) -> Double) -> Double {
        codes.indices.reduce(0) { $0 + factor[i, $1] * x($1) }
      }
      let a = row { point.value(of: Int(codes[$0])) - origin }
      let (c, y) = (row { _ in 1 }, row { weights[$0] - point.value(of: Int(codes[$0])) })
      fit.aa[3] += Float(a * a)
      fit.ac[3] += Float(a * c)
      fit.cc += Float(c * c)
      fit.ay[3] += Float(a * y)
      fit.cy[3] += Float(c * y)
    }
    return fit
  }
}

private let schemes: [Scheme] = [Scheme.Points.symmetric, .zeroPoint, .offset].compactMap {
  try? Scheme(bits: 3, points: $0, granularity: .group(12))
}

@Suite struct `A scale and offset fitted to codes` {
  @Test(arguments: schemes, 1...6 as ClosedRange<UInt64>)
  func `cost as much less as they say, and no neighbour costs less`(
    scheme: Scheme, seed: UInt64
  ) throws {
    let problem = FitProblem(scheme, size: 12, seed: seed)
    let encoding = SeparateEntries(scaleFormat: .float32)
    let found = try #require(
      problem.fit(scheme).improvement(of: problem.entry, lane: 3, encoding, scheme))
    let (before, after) = (
      problem.cost(problem.entry, scheme), problem.cost(found.entry, scheme)
    )
    #expect(abs(before + Double(found.change) - after) <= 1e-4 * before)
    for step in [-0.01, 0.01] as [Float] {
      var other = found.entry
      other.scale *= 1 + step
      #expect(problem.cost(other, scheme) > after)
      guard scheme.points == .offset else { continue }
      other = found.entry
      other.offset += step
      #expect(problem.cost(other, scheme) > after)
      // Both at once, against each other.
      other.scale -= step / 3.5
      #expect(problem.cost(other, scheme) > after)
    }
    if scheme.points != .offset { #expect(found.entry.offset == problem.entry.offset) }
  }

  @Test(arguments: schemes)
  func `can be stored, and are left where nothing is better`(scheme: Scheme) throws {
    let problem = FitProblem(scheme, size: 12, seed: 9)
    let encoding = SeparateEntries(scaleFormat: .bfloat16)
    var (entry, fit) = (problem.entry, problem.fit(scheme))
    let found = try #require(fit.improvement(of: entry, lane: 3, encoding, scheme))
    #expect(encoding.entry(nearestTo: found.entry, scheme) == found.entry)
    #expect(fit.improvement(of: entry, lane: 2, encoding, scheme) == nil)
    (fit.ay[3], fit.cy[3]) = (0, 0)
    #expect(fit.improvement(of: entry, lane: 3, encoding, scheme) == nil)
    entry.scale = .infinity
    #expect(problem.fit(scheme).improvement(of: entry, lane: 3, encoding, scheme) == nil)
  }

  @Test func `move the offset alone where all codes are the same`() throws {
    let scheme = try Scheme(bits: 3, points: .offset, granularity: .group(2))
    // Two columns of code 3, wanted half a step higher, in the plain metric.
    let u = Float(3 * 0.25)
    var fit = GridFit()
    (fit.aa[0], fit.ac[0], fit.cc) = (2 * u * u, 2 * u, 2)
    (fit.ay[0], fit.cy[0]) = (2 * u * 0.125, 2 * 0.125)
    let found = try #require(
      fit.improvement(
        of: GridEntry(scale: 0.25, offset: -1), lane: 0,
        SeparateEntries(scaleFormat: .float32), scheme))
    let value = found.entry.scale * 3 + found.entry.offset
    #expect(abs(value - (-0.25 + 0.125)) < 1e-6)
  }
}
