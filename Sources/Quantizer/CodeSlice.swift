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

  /// The upper bits of the codes of a scheme; nil for levels of a table, or as many bits as there are.
  package init?(_ scheme: Scheme, bits: Int) {
    if case .table = scheme.points { return nil }
    guard (2..<scheme.bits).contains(bits), !scheme.isNarrow else { return nil }
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

extension QuantizedWeight {
  /// The weights that the upper bits of the codes stand for; nil where the codes have no such bits, or no such zero
  /// points.
  ///
  /// Scales are exact. Floating-point offsets are rounded to the type in which both are stored.
  ///
  /// - Complexity: O(rows · columns).
  package func sliced(
    to bits: Int, storing format: FloatFormat = .float32
  ) -> QuantizedWeight? {
    guard let slice = CodeSlice(grid.scheme, bits: bits),
      let scheme = try? grid.scheme.storing(bits: bits)
    else { return nil }
    let entries = zip(grid.scales.elements, grid.offsets.elements).map {
      slice.entry(GridEntry(scale: $0, offset: $1))
    }
    guard !entries.contains(where: { $0 == nil }) else { return nil }
    let known = entries.compactMap(\.self)
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
