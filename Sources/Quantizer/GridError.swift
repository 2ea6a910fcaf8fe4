public import LinearAlgebra

/// Why no grid could be chosen.
public enum GridError: Error, Equatable, CustomStringConvertible {
  /// The scheme does not fit the matrix.
  case scheme(SchemeError)
  /// This weight is infinite or NaN, the first that is.
  case notFinite(row: Int, column: Int)
  /// The scale or offset of this group is beyond the range of its format, or the scale too close
  /// to zero.
  case scaleOverflow(row: Int, group: Int, format: FloatFormat)

  /// What was found.
  public var description: String {
    switch self {
    case .scheme(let error): error.description
    case .notFinite(let row, let column):
      "the weight of row \(row), column \(column) is infinite or NaN"
    case .scaleOverflow(let row, let group, let format):
      "the scale of row \(row), group \(group) is beyond the range of \(format.rawValue)"
    }
  }
}

extension GridEncoding {
  /// The nearest grid that can be stored, all of whose scales are usable.
  package func checked(_ ideal: Grid) throws(GridError) -> Grid {
    let grid = nearest(to: ideal)
    let (scales, offsets) = (grid.scales.elements, grid.offsets.elements)
    let bad = scales.indices.first {
      scales[$0] == 0 || !scales[$0].isFinite || !offsets[$0].isFinite
        || !grid.scheme.hasFiniteEnds(scale: scales[$0], offset: offsets[$0])
    }
    if let bad {
      throw .scaleOverflow(row: bad / grid.groups, group: bad % grid.groups, format: scaleFormat)
    }
    return grid
  }
}

extension Scheme {
  /// Whether the values of the first and the last code are numbers.
  fileprivate func hasFiniteEnds(scale: Float, offset: Float) -> Bool {
    let last = Float(largestCode)
    return switch points {
    case .symmetric, .zeroPoint: (scale * offset).isFinite && (scale * (last - offset)).isFinite
    case .offset: (scale * last + offset).isFinite
    case .table(let table):
      (scale * table.values[0]).isFinite && (scale * table.values[largestCode]).isFinite
    }
  }
}
