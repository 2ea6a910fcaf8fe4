package import LinearAlgebra

// Nested codes (Matryoshka quantization, Nair and others 2025, arXiv 2502.06786): the upper bits of a code are a code
// of fewer bits. With k bits cut off,
//
//   around a zero point    c′ = min(⌊(c + 2^(k−1)) / 2^k⌋, 2^(b−k) − 1),    s′ = 2^k·s,   z′ = z / 2^k
//   from an offset         c′ = ⌊c / 2^k⌋,     s′ = 2^k·s,   o′ = o + s·(2^k − 1)/2
//
// The first is eq. 6 of the paper, the nearest code that there is. From an offset, a code stands for the middle of all
// those that share its bits, so no end of the range is cut off.

/// How codes of some bits become codes of fewer.
package struct CodeSlice: Sendable {
  /// The number of bits that are left.
  package let bits: Int
  /// The number of bits that are cut off.
  private let cut: Int
  private let hasOffset: Bool

  /// The upper bits of the codes of a scheme.
  ///
  /// - Throws: ``CodeSliceError`` for levels of a table, codes that leave one out, or as many bits as there are.
  package init(_ scheme: Scheme, bits: Int) throws(CodeSliceError) {
    if case .table(let table) = scheme.points { throw .levels(table) }
    guard !scheme.isNarrow else { throw .narrow }
    guard (2..<scheme.bits).contains(bits) else { throw .bits(scheme.bits) }
    (self.bits, cut, hasOffset) = (bits, scheme.bits - bits, scheme.points == .offset)
  }

  /// The code of fewer bits.
  package func code(_ code: UInt8) -> UInt8 {
    hasOffset ? code >> cut : UInt8(min((Int(code) + 1 << (cut - 1)) >> cut, 1 << bits - 1))
  }

  /// The scale and offset of a group whose codes are cut; nil where the zero point is none of the codes that are left.
  package func entry(_ entry: GridEntry) -> GridEntry? {
    let step = Float(1 << cut)
    guard !hasOffset else {
      return GridEntry(
        scale: step * entry.scale, offset: entry.offset + entry.scale * (step - 1) / 2)
    }
    let zero = entry.offset / step
    return zero == zero.rounded() ? GridEntry(scale: step * entry.scale, offset: zero) : nil
  }
}

/// Why codes have no upper bits that are codes as well.
package enum CodeSliceError: Error, Equatable, CustomStringConvertible {
  /// They stand for the levels of a table.
  case levels(LevelTable)
  /// The lowest one is left out.
  case narrow
  /// There are only so many bits.
  case bits(Int)
  /// The zero point is none of the codes that are left.
  case zeroPoint(Float)

  /// What was found, and what was needed.
  package var description: String {
    switch self {
    case .levels(let table):
      "has the levels of \(table.name), which are not evenly spaced, so the upper bits of a code are none"
    case .narrow:
      "leaves out its lowest code, as ternary weights do, so the upper bits of a code are none"
    case .bits(let bits):
      "has codes of \(bits) bits; at least 2, and fewer than there are, can be kept"
    case .zeroPoint(let zero):
      "has the zero point \(zero.formatted), which is none of the codes that are left; codes around the middle, or "
        + "from floating-point offsets, have upper bits"
    }
  }
}

extension Float {
  /// A whole number without its point.
  fileprivate var formatted: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}

extension QuantizedWeight {
  /// The weights that the upper bits of the codes stand for.
  ///
  /// Scales are exact. Floating-point offsets are rounded to the type in which both are stored.
  ///
  /// - Throws: ``CodeSliceError`` where the codes have no such bits, or no such zero points.
  /// - Complexity: O(rows · columns).
  package func sliced(
    to bits: Int, storing format: FloatFormat = .float32
  ) throws(CodeSliceError) -> QuantizedWeight {
    let slice = try CodeSlice(grid.scheme, bits: bits)
    guard let scheme = try? grid.scheme.storing(bits: bits) else { throw .bits(grid.scheme.bits) }
    var known: [GridEntry] = []
    for (scale, offset) in zip(grid.scales.elements, grid.offsets.elements) {
      guard let entry = slice.entry(GridEntry(scale: scale, offset: offset)) else {
        throw .zeroPoint(offset)
      }
      known.append(entry)
    }
    func matrix(_ values: [Float]) -> Matrix {
      Matrix(rows: grid.scales.rows, columns: grid.scales.columns, elements: values)
    }
    return QuantizedWeight(
      rows: rows, columns: columns,
      grid: Grid(
        scheme: scheme, groupSize: grid.groupSize, scales: matrix(known.map(\.scale)),
        offsets: matrix(
          known.map { grid.scheme.points == .offset ? format.rounded($0.offset) : $0.offset }),
        columnGroups: grid.columnGroups),
      codes: codes.map(slice.code))
  }
}
