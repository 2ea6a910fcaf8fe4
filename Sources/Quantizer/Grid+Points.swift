internal import LinearAlgebra

// One set of values can be described with integer zero points and with offsets, where z or o exists:
//
//   s·(q − z) = s·q + o,     o = −s·z
//
// The products are compared in float64, which holds them exactly.

extension Grid {
  /// The same values under another scheme of as many bits; nil where a group has no such entry.
  package func stated(as scheme: Scheme) -> Grid? {
    var offsets = Matrix(rows: scales.rows, columns: scales.columns)
    for row in 0..<scales.rows {
      for group in 0..<groups {
        guard let offset = offset(of: entry(row, group), as: scheme) else { return nil }
        offsets[row, group] = offset
      }
    }
    return Grid(
      scheme: scheme, groupSize: groupSize, scales: scales, offsets: offsets,
      columnGroups: columnGroups)
  }

  /// The first entry because of which ``stated(as:)`` is nil.
  package func entry(unknownTo scheme: Scheme) -> GridEntry? {
    for row in 0..<scales.rows {
      for group in 0..<groups where offset(of: entry(row, group), as: scheme) == nil {
        return entry(row, group)
      }
    }
    return nil
  }

  private func entry(_ row: Int, _ group: Int) -> GridEntry {
    GridEntry(scale: scales[row, group], offset: offsets[row, group])
  }

  /// The offset with which an entry of this grid has the same values under another scheme.
  private func offset(of entry: GridEntry, as other: Scheme) -> Float? {
    switch (scheme.points, other.points) {
    case (.offset, .symmetric), (.offset, .zeroPoint):
      guard let zero = entry.zeroPoint(upTo: other.largestCode) else { return nil }
      return other.isSymmetric && zero != Float(other.middleCode) ? nil : zero
    case (.symmetric, .offset), (.zeroPoint, .offset):
      let offset = -entry.scale * entry.offset
      return Double(offset) == -Double(entry.scale) * Double(entry.offset) ? offset : nil
    case (.symmetric, .symmetric), (.zeroPoint, .symmetric):
      return entry.offset == Float(other.middleCode) ? entry.offset : nil
    case (.symmetric, .zeroPoint): return entry.offset
    default: return scheme.points == other.points ? entry.offset : nil
    }
  }
}

extension GridEntry {
  /// z of `s·(q − z) = s·q + o`; nil where it is no code, or the values descend.
  fileprivate func zeroPoint(upTo last: Int) -> Float? {
    guard scale > 0 else { return nil }
    let zero = (-offset / scale).rounded()
    guard zero >= 0, zero <= Float(last), Double(scale) * Double(zero) == -Double(offset) else {
      return nil
    }
    // Not −0.
    return zero + 0
  }
}
