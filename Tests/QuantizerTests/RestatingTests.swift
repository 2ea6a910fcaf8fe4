// The same values on other grids. Every value is compared in double precision with the formula of its own grid.

import LinearAlgebra
import TestSupport
import Testing

@testable import Quantizer

private struct Anything: GridEncoding {
  let scaleFormat = FloatFormat.float32
  func bitsPerGroup(_ scheme: Scheme) -> Double { 0 }
  func entry(covering range: ClosedRange<Float>, _ scheme: Scheme) -> GridEntry {
    GridEntry(scale: 1, offset: 0)
  }
  func nearest(to ideal: Grid) -> Grid { ideal }
}

/// A weight of two rows with codes, and the same scale and offset in all groups.
private func weight(
  _ points: Scheme.Points, bits: Int, scale: Float, offset: Float, size: Int = 8, codes: [UInt8]
) throws -> QuantizedWeight {
  let columns = codes.count / 2
  return QuantizedWeight(
    rows: 2, columns: columns,
    grid: Grid(
      scheme: try Scheme(bits: bits, points: points, granularity: .group(size)), groupSize: size,
      scales: Matrix(rows: 2, columns: columns / size) { _, _ in scale },
      offsets: Matrix(rows: 2, columns: columns / size) { _, _ in offset }), codes: codes)
}

private func codes(_ range: ClosedRange<UInt8>) -> [UInt8] {
  (0..<32).map { range.lowerBound + UInt8($0 % range.count) }
}

/// A case: what there is, what is wanted, and the codes and offset that come out of it; nil for none.
private struct Case: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let from: (Scheme.Points, bits: Int, scale: Float, offset: Float)
  let codes: ClosedRange<UInt8>
  let to: (Scheme.Points, bits: Int)
  let expected: (first: UInt8, scale: Float, offset: Float)?
  var isSigned = false
}

private let cases: [Case] = [
  Case(
    testDescription: "fewer bits in the middle of more", from: (.symmetric, 3, 0.1, 4),
    codes: 0...7,
    to: (.symmetric, 4), expected: (4, 0.1, 8)),
  Case(
    testDescription: "a zero point moves to the middle", from: (.zeroPoint, 4, 0.1, 3),
    codes: 0...15, to: (.symmetric, 5), expected: (13, 0.1, 16)),
  Case(
    testDescription: "but not where the last codes have no place", from: (.zeroPoint, 4, 0.1, 3),
    codes: 0...15, to: (.symmetric, 4), expected: nil),
  Case(
    testDescription: "unless they are not used", from: (.zeroPoint, 4, 0.1, 3), codes: 0...10,
    to: (.symmetric, 4), expected: (5, 0.1, 8)),
  Case(
    testDescription: "an offset that is a multiple of the scale", from: (.offset, 4, 0.25, -1.75),
    codes: 0...15, to: (.zeroPoint, 4), expected: (0, 0.25, 7)),
  Case(
    testDescription: "no other offset", from: (.offset, 4, 0.25, -1.8), codes: 0...15,
    to: (.zeroPoint, 4), expected: nil),
  Case(
    testDescription: "a negative scale turns around", from: (.symmetric, 4, -0.1, 8), codes: 1...15,
    to: (.symmetric, 4), expected: (15, 0.1, 8)),
  Case(
    testDescription: "and needs a zero point where it is longer below",
    from: (.symmetric, 4, -0.1, 8),
    codes: 0...15, to: (.symmetric, 4), expected: nil),
  Case(
    testDescription: "of which the codes descend", from: (.symmetric, 4, -0.1, 8), codes: 0...15,
    to: (.zeroPoint, 4), expected: (15, 0.1, 7)),
  Case(
    testDescription: "a negative scale stays where it may", from: (.symmetric, 4, -0.1, 8),
    codes: 0...15, to: (.symmetric, 4), expected: (0, -0.1, 8), isSigned: true),
  Case(
    testDescription: "a zero point becomes an offset", from: (.zeroPoint, 4, 0.25, 3),
    codes: 0...15, to: (.offset, 4), expected: (0, 0.25, -0.75)),
  Case(
    testDescription: "whose product must be a float", from: (.zeroPoint, 4, 0x1.fffffep-3, 7),
    codes: 0...15, to: (.offset, 4), expected: nil),
  Case(
    testDescription: "levels that are integers",
    from: (.table(.init(name: "t", values: [-1, 0, 1])), 2, 0.5, 0),
    codes: 0...2, to: (.symmetric, 2), expected: (1, 0.5, 2)),
  Case(
    testDescription: "no other levels", from: (.table(.e2m1), 4, 0.5, 0), codes: 0...14,
    to: (.symmetric, 8), expected: nil),
]

@Suite struct `A weight stated on another grid` {
  @Test(arguments: cases)
  private func `keeps all values or is none`(item: Case) throws {
    let own = try weight(
      item.from.0, bits: item.from.bits, scale: item.from.scale, offset: item.from.offset,
      codes: codes(item.codes))
    let other = try Scheme(bits: item.to.bits, points: item.to.0, granularity: .group(4))
    let found = own.restated(as: other, by: Anything(), turningNegative: !item.isSigned)
    guard let expected = item.expected else {
      #expect(found == nil)
      return
    }
    let stated = try #require(found)
    #expect(stated.codes[0] == expected.first)
    #expect(stated.grid.scales[1, 3] == expected.scale)
    #expect(stated.grid.offsets[1, 3] == expected.offset)
    #expect(stated.grid.scheme == other && stated.grid.groups == 4)
    #expect(stated.dequantized() == own.dequantized())
  }

  @Test func `needs groups in its own`() throws {
    let own = try weight(.symmetric, bits: 4, scale: 1, offset: 8, codes: codes(0...15))
    for (size, isPossible) in [(8, true), (4, true), (16, false), (3, false)] {
      let scheme = try Scheme(bits: 4, points: .symmetric, granularity: .group(size))
      #expect((own.restated(as: scheme, by: Anything()) != nil) == isPossible, "\(size)")
    }
  }

  @Test func `is refused where its entries cannot be stored`() throws {
    let own = try weight(.symmetric, bits: 4, scale: 0.1, offset: 8, codes: codes(0...15))
    let scheme = own.grid.scheme
    #expect(own.restated(as: scheme, by: SeparateEntries(scaleFormat: .float16)) == nil)
    #expect(own.restated(as: scheme, by: SeparateEntries(scaleFormat: .float32)) == own)
  }

  @Test func `plainly is symmetric where it can be, and as it is where nothing else has it`() throws
  {
    let turned = try weight(.symmetric, bits: 4, scale: -0.1, offset: 8, codes: codes(0...15))
    #expect(turned.plain(turningNegative: true).grid.scheme.points == .zeroPoint)
    #expect(turned.plain(turningNegative: true).dequantized() == turned.dequantized())
    #expect(turned.plain(turningNegative: false) == turned)
    let levels = try weight(.table(.e2m1), bits: 4, scale: 0.5, offset: 0, codes: codes(0...14))
    #expect(levels.plain(turningNegative: true) == levels)
  }
}
