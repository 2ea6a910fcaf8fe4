package import LinearAlgebra

/// Rounding to the levels of a table.
///
///     q = index of the level nearest to w / s,     ŵ = s · ℓ(q)
///
/// A lane at a time: a search through the table has no use for vectors.
package struct TableKernel: RoundingKernel {
  /// The scale s, for each lane.
  public var scale = Lanes(repeating: 1)
  /// Unused.
  public var offset = Lanes.zero
  private let table: LevelTable

  /// A kernel with the scale 1.
  public init(_ table: LevelTable) { self.table = table }

  /// The codes of sixteen weights.
  public func code(of weights: Lanes) -> Lanes {
    let steps = weights / scale
    var codes = Lanes.zero
    for lane in 0..<16 { codes[lane] = Float(table.nearestCode(to: steps[lane])) }
    return codes
  }

  /// The weights that sixteen codes stand for.
  public func value(of codes: Lanes) -> Lanes {
    var levels = Lanes.zero
    for lane in 0..<16 { levels[lane] = table.values[Int(codes[lane])] }
    return scale * levels
  }

  /// The weight that a code stands for.
  public func value(of code: Float, _ entry: GridEntry) -> Float {
    entry.scale * table.values[Int(code)]
  }

  /// The errors of sixteen weights.
  public func error(of weights: Lanes) -> Lanes { value(of: code(of: weights)) - weights }
}
