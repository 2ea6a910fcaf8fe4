public import LinearAlgebra

/// Why no grid could be chosen.
public enum GridError: Error, Equatable, CustomStringConvertible {
  /// The scheme does not fit the matrix.
  case scheme(SchemeError)
  /// A weight of this row is infinite or NaN.
  case notFinite(row: Int)
  /// The scale or offset of this group is beyond the range of its format, or the scale too close
  /// to zero.
  case scaleOverflow(row: Int, group: Int, format: FloatFormat)

  /// What was found.
  public var description: String {
    switch self {
    case .scheme(let error): error.description
    case .notFinite(let row): "row \(row) of the weights holds an infinite value or a NaN"
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
    }
    if let bad {
      throw .scaleOverflow(row: bad / grid.groups, group: bad % grid.groups, format: scaleFormat)
    }
    return grid
  }
}
