public import LinearAlgebra
public import Quantizer

/// Round to nearest (RTN): every weight on its own, without statistics.
public struct NearestRounding: Rounding, PreparedRounding {
  /// The rounding; it has no options.
  public init() {}

  /// The rounding itself: it needs no preparation.
  public func prepared(for input: RoundingInput, _ scheme: Scheme) throws(SolverError)
    -> any PreparedRounding
  {
    self
  }

  /// Rounds every weight to the nearest point of its grid.
  public func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight {
    QuantizedWeight(nearest: weights, on: grid)
  }
}
